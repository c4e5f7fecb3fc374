"""Record the cassettes anew: `python -m tests.record [TOOL … | agents/…]`, or `make record`.

The sandbox is recorded over real HTTP, one cassette a tool. With PIPEDRIVE_API_TOKEN set a live account is recorded
instead; it is only read, and only by tools whose arguments name no record.

The follow-up agent's whole runs come last. Those with a model are recorded where RECORD_MODEL names one, such as
`openai:NAME@http://127.0.0.1:8080/v1`; else they stay as they are.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.sandbox import Sandbox, Switches
from pipedrive_tools.settings import Settings
from pipedrive_tools.toolset import Toolset
from tests import agent_tapes
from tests.calls import allow_everything, calls
from tests.cassettes_tape import CASSETTES, Format, tape
from tests.conftest import TODAY

Call = tuple[str, dict[str, object], Settings]


@contextmanager
def sandbox_calls() -> Iterator[Iterator[Call]]:
    """Every tool, each on a sandbox in its first state."""
    switches = Switches(conversion_polls=1)
    with Sandbox.start(today=TODAY, deals=40, plan="ultimate", switches=switches) as sandbox:

        def each() -> Iterator[Call]:
            settings = Settings(base_url=sandbox.url, api_token=sandbox.token, state="sqlite://")
            for name, arguments in calls(sandbox).items():
                sandbox.reset()
                yield name, arguments, settings

        yield each()


def live_calls() -> Iterator[Call]:
    """The reads that need no number of a record."""
    settings = Settings.from_env()
    for name, entry in catalogue.items():
        if entry.effect is Effect.READ and not entry.path_arguments:
            arguments = {"limit": 2} if "limit" in entry.model.model_fields else {}
            yield name, arguments | ({"term": "an"} if "term" in entry.model.model_fields else {}), settings


def record(name: str, arguments: dict[str, object], settings: Settings, *, source: str, case: str) -> str:
    """Call one tool and keep what went over the wire; gives how the call ended."""
    path = CASSETTES / name / f"{case}.yaml"
    path.unlink(missing_ok=True)
    call: dict[str, object] = {"tool": name, "arguments": arguments}
    with (
        Toolset.connect("tester", allow_everything(), settings=settings) as toolset,
        tape("all", Format(source, call)).use_cassette(str(path)),
    ):
        call["status"] = toolset.call(name, arguments).status
    return str(call["status"])


def main(wanted: list[str]) -> None:
    """Record all tools, or those that are named."""
    if os.environ.get("PIPEDRIVE_API_TOKEN"):
        for name, arguments, settings in live_calls():
            if not wanted or name in wanted:
                print(name, record(name, arguments, settings, source="a live account", case="live"))
        return
    with sandbox_calls() as every:
        for name, arguments, settings in every:
            if not wanted or name in wanted:
                print(name, record(name, arguments, settings, source="the sandbox", case="typical"))
    for told in agent_tapes.record(wanted):
        print(told, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
