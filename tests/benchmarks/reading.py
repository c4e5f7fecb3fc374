"""What the model reads: tokens of the definitions, of lists and of single records, and the time that makes the text."""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from pipedrive_tools import Policy, Settings, Toolset, schema
from pipedrive_tools.endpoints import catalogue, deals
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.fields import Fields, Labels
from pipedrive_tools.render import result
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset.instructions import instructions
from pipedrive_tools.toolset.profiles import profile
from pipedrive_tools.wire import Answer
from tests.figures import Figure
from tests.o200k import count

AGENT = "benchmark"
DEALS = 230
RENDERED = 500
SINGLE = 0.35


def run() -> Iterator[Figure]:
    """Definitions, then results."""
    yield from _definitions()
    with Sandbox.start(deals=400, plan="ultimate") as sandbox:
        settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state="sqlite://")
        with Toolset.connect(AGENT, Policy.read_only(AGENT), settings=settings) as toolset:
            for name in ("list_stages", "list_pipelines", "list_users", "list_deal_fields"):
                toolset.call(name, {} if name == "list_users" else {"limit": 500})
            yield _list(toolset)
            yield from _ratios(toolset)
            yield _rendering(toolset)


def compact(data: Any) -> str:
    """JSON as it is sent."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


@cache
def definition(name: str) -> str:
    """A tool's definition as it is sent."""
    return compact(schema.export(COMPOSITES[name] if name in COMPOSITES else catalogue[name]))


def _definitions() -> Iterator[Figure]:
    names = profile("core")
    assert names, "a figure over no tools says nothing"
    tokens = {name: count(definition(name)) for name in (*catalogue, *COMPOSITES)}
    characters = sum(len(definition(name)) for name in names)
    yield Figure(f"tokens of the {len(names)} definitions", sum(tokens[name] for name in names), "<= 5000")
    yield Figure(f"characters of the {len(names)} definitions", characters, "<= 19999")
    for name in ("sales-follow-up", "reader"):
        tools = profile(name)
        bar = "<= 1800" if name == "sales-follow-up" else "<= 1900"
        figure = sum(tokens[tool] for tool in tools)
        yield Figure(f"tokens of the {name} profile", figure, bar, f"{len(tools)} tools")
    largest = max(tokens, key=lambda name: tokens[name])
    yield Figure("tokens of the largest definition", tokens[largest], "<= 350", largest)
    told = count(instructions(names))
    yield Figure("tokens of what a model is told beside all tools", told, "<= 650", "once a conversation")


def _list(toolset: Toolset) -> Figure:
    """230 deals, page by page, in all that the model reads."""
    read = size = pages = 0
    cursor: dict[str, Any] = {}
    while read < DEALS:
        found = toolset.call("list_deals", {"limit": min(100, DEALS - read), **cursor})
        assert found.text.startswith(f"{len(found.data)} records")
        read, size, pages = read + len(found.data), size + len(found.text), pages + 1
        cursor = {"cursor": found.next_page}
    return Figure(f"characters of {DEALS} deals listed", size, "<= 35000", f"{pages} pages")


def _ratios(toolset: Toolset) -> Iterator[Figure]:
    page = toolset.call("list_deals", {"limit": 100})
    shown, raw = count(page.text), count(compact(page.data))
    yield Figure("tokens of 100 deals over raw JSON", shown / raw, "<= 0.25", f"{shown:,} against {raw:,}")
    yield Figure("tokens of a page of 100 deals", shown, "<= 5000", "the ceiling is about 4,000")
    yield from _single(toolset)


def _single(toolset: Toolset) -> Iterator[Figure]:
    """Every deal by itself, also those of which nearly all custom fields are filled, names of all links known.

    The raw JSON is the deal's alone, without what Pipedrive puts around it; so the worst deal is measured by its own
    text, and the whole result, with fence, cost and what was left out, by what is usual.
    """
    for name in ("list_persons", "list_organizations"):
        toolset.call(name, {"limit": 500})
    whole, own = list[float](), list[float]()
    cursor: dict[str, Any] = {}
    while not whole or cursor:
        found = toolset.call("list_deals", {"limit": 500, **cursor})
        for deal in found.data:
            one = toolset.call("get_deal", {"deal_id": deal["id"]})
            raw = count(compact(one.data))
            whole.append(count(one.text) / raw)
            own.append(count(_fenced(one.text)) / raw)
        cursor = {"cursor": found.next_page} if found.next_page else {}
    whole.sort()
    within = sum(each <= SINGLE for each in whole)
    note = f"{within} of {len(whole)} results are within {SINGLE}, the worst is {whole[-1]:.3f}"
    what = "tokens of a single deal over raw JSON"
    yield Figure(f"{what}, the worst", max(own), f"<= {SINGLE}", f"its own text, of {len(own)} deals")
    yield Figure(f"{what}, whole result, the median", statistics.median(whole), f"<= {SINGLE}", note)
    yield Figure(f"{what}, whole result, nine of ten", whole[len(whole) * 9 // 10], f"<= {SINGLE}", note)


def _fenced(text: str) -> str:
    """The record's own text."""
    _, _, rest = text.partition("<crm-data ")
    record, mark, _ = rest.partition(">\n")[2].rpartition("\n</crm-data ")
    assert mark, text
    return record


def _rendering(toolset: Toolset) -> Figure:
    records: list[Mapping[str, Any]] = []
    cursor: dict[str, Any] = {}
    while len(records) < RENDERED:
        found = toolset.call("list_deals", {"limit": 500, **cursor})
        records += found.data
        cursor = {"cursor": found.next_page} if found.next_page else {}
    definitions = toolset.call("list_deal_fields", {"limit": 500}).data
    users = {each["id"]: each["name"] for each in toolset.call("list_users").data}
    labels = Labels(names={"users": users}, fields={"deals": Fields.read("deals", definitions)})
    call, answer = deals.list_(limit=500), Answer(records[:RENDERED], None, 10)

    def render() -> object:
        return result(call, answer, tag="0" * 8, limit_tokens=1_000_000, labels=labels)

    return Figure(f"milliseconds to render {RENDERED} deals", _milliseconds(render), "<= 30", "median of 30")


def _milliseconds(act: Callable[[], object]) -> float:
    took = []
    for _ in range(30):
        start = time.perf_counter()
        act()
        took.append((time.perf_counter() - start) * 1e3)
    return statistics.median(took)
