"""What a guarded call costs over the same HTTP with bare httpx: the gate, the journal, the audit, the text."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx

from pipedrive_tools import Policy, Settings, Toolset
from pipedrive_tools.pacing import ALLOWANCES, WINDOW_SECONDS
from tests.benchmarks.server import Server, server
from tests.figures import Figure, ratio

AGENT: Final = "benchmark"
PLAN: Final = "ultimate"
REST_SECONDS: Final = 1.1 * WINDOW_SECONDS
"""Calls come in bursts that fit into the window of their plan, with rests, since a wait for the limits is no cost."""
POLICY = Policy.parse(f'[agents.{AGENT}]\ndeals = "full"\nactivities = "full"\n')


def run() -> Iterator[Figure]:
    """Read, create, update, each against bare httpx; writes against bare httpx and one fsync."""
    with server() as box, tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        state = f"sqlite:///{folder}/state.db"
        # With a plan the windows are as full as on a real account.
        settings = Settings(base_url=box.url, api_token=box.token, state=state, plan=PLAN, seats=10_000)
        with Toolset.connect(AGENT, POLICY, settings=settings) as toolset, _bare(box) as bare:
            probe = os.open(f"{folder}/probe", os.O_CREAT | os.O_WRONLY)
            deal = toolset.call("list_deals", {"limit": 1, "status": ["open"]}).data[0]["id"]
            yield _read(toolset, bare, deal)
            yield _create(toolset, bare, deal, probe)
            yield _update(toolset, bare, deal, probe)
            os.close(probe)


def _bare(box: Server) -> httpx.Client:
    return httpx.Client(base_url=box.url, headers={"x-api-token": box.token})


def _sync(probe: int) -> None:
    os.write(probe, b"." * 300)
    os.fdatasync(probe)


def _in_bursts(
    ours: Callable[[], object], plain: Callable[[], object], *, rounds: int, calls: int = 1
) -> tuple[float, str]:
    burst = ALLOWANCES[PLAN].token_calls // (2 * calls)
    return ratio(ours, plain, rounds=rounds, warm_up=burst, burst=burst, rest_seconds=REST_SECONDS)


def _read(toolset: Toolset, bare: httpx.Client, deal: int) -> Figure:
    def ours() -> None:
        assert toolset.call("get_deal", {"deal_id": deal}).ok

    value, note = _in_bursts(ours, lambda: bare.get(f"/api/v2/deals/{deal}").json(), rounds=600)
    return Figure("guarded, audited read over bare httpx", value, "<= 1.3", note)


def _create(toolset: Toolset, bare: httpx.Client, deal: int, probe: int) -> Figure:
    numbers = itertools.count()

    def body() -> dict[str, object]:
        return {"subject": f"Call {next(numbers)}", "type": "call", "deal_id": deal}

    def ours() -> None:
        assert toolset.call("create_activity", body()).ok

    def plain() -> None:
        _sync(probe)
        bare.post("/api/v2/activities", json=body()).json()

    value, note = _in_bursts(ours, plain, rounds=300)
    return Figure("guarded, journaled, audited create over bare POST and one fsync", value, "<= 1.5", note)


def _update(toolset: Toolset, bare: httpx.Client, deal: int, probe: int) -> Figure:
    numbers = itertools.count()

    def ours() -> None:
        values = {"deal_id": deal, "title": f"Renewal {next(numbers)}", "overwrite": ["title"]}
        assert toolset.call("update_deal", values).ok

    def plain() -> None:
        bare.get(f"/api/v2/deals/{deal}").json()
        _sync(probe)
        bare.patch(f"/api/v2/deals/{deal}", json={"title": f"Renewal {next(numbers)}"}).json()

    value, note = _in_bursts(ours, plain, rounds=300, calls=2)
    return Figure(
        "guarded, journaled, audited update over bare GET, PATCH and one fsync", value, "<= 1.5", note
    )
