"""A real small model, given all tools of the core profile: whether it takes the right one with the right values.

It asks an OpenAI-compatible server on this machine, named by `BENCH_MODEL_URL` (such as http://127.0.0.1:8080/v1); a
quantised Qwen2.5-Coder of 1.5 billion parameters is enough. Without the variable nothing is measured, and nothing
counts. `tests/requests.py` holds the requests, `tests/judging.py` says how a call is judged.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

import httpx

from pipedrive_tools import schema
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.toolset.instructions import instructions
from pipedrive_tools.toolset.profiles import profile
from tests.figures import Figure
from tests.judging import Called, Judged, Request, judge
from tests.requests import HELD_OUT, IMPROVED_ON

URL: Final = "BENCH_MODEL_URL"
PATIENCE_SECONDS: Final = 1800.0
"""The first request makes the server read every definition; on a busy machine that took a quarter of an hour."""
BARS: Final = {"right_tool": 0.97, "expected_values": 0.92, "nothing_invented": 0.90}


def run() -> Iterator[Figure]:
    """Both sets, where there is a model."""
    url = os.environ.get(URL)
    if not url:
        print(f"not measured: no model is named; set {URL}, e.g. to http://127.0.0.1:8080/v1")
        return
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield from measured(client, "held out", HELD_OUT, tells=False)
        yield from measured(client, "improved on", IMPROVED_ON, tells=True)


def measured(
    client: httpx.Client, name: str, requests: Sequence[Request], *, tells: bool
) -> Iterator[Figure]:
    """The three shares of one set; only the one that is improved on tells its misses."""
    judged: list[Judged] = []
    for request in requests:
        calls = ask(client, request.words)
        judged.append(judge(request, calls))
        if tells and judged[-1] != Judged(right_tool=True, expected_values=True, nothing_invented=True):
            print(f"  {request.words!r}: {calls}", flush=True)
    for part, bar in BARS.items():
        good = sum(getattr(each, part) for each in judged)
        what = f"small model, {part.replace('_', ' ')}, {name} requests"
        yield Figure(what, good / len(judged), f">= {bar}", f"{good} of {len(judged)} requests")


def ask(client: httpx.Client, words: str) -> list[Called]:
    """The calls that the model makes, with every tool to choose from and none of them forced."""
    names = profile("core")
    tools = [{"type": "function", "function": schema.export(catalogue[name])} for name in names]
    messages = [{"role": "system", "content": instructions(names)}, {"role": "user", "content": words}]
    body = {"model": "local", "messages": messages, "tools": tools, "temperature": 0, "max_tokens": 300}
    answer = client.post("/chat/completions", json=body).raise_for_status().json()
    return [_called(each["function"]) for each in answer["choices"][0]["message"].get("tool_calls") or ()]


def _called(function: dict[str, Any]) -> Called:
    arguments = json.loads(function["arguments"] or "{}")
    return function["name"], arguments if isinstance(arguments, dict) else {}
