"""What the first look lets through is decided again with what was read: no change is sent on a first look alone."""

from typing import Any, Final

import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate import scope, verdict
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.scope import Facts, next_reading
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import desk
from tests.calls import calls
from tests.toolset.conftest import Open, writes

WRITES: Final = [name for name, entry in catalogue.items() if entry.effect.writes]
TARGETED: Final = [name for name in WRITES if catalogue[name].target]


@pytest.mark.parametrize("name", WRITES)
def test_the_order(name: str, connect: Open, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is decided with facts, and once more with the store's counters, before its first byte leaves."""
    seen: list[bool] = []
    decide = verdict.decide

    def watched(*arguments: Any, facts: Facts | None, **more: Any) -> Any:
        seen.append(facts is not None)
        assert writes(sandbox) == []
        return decide(*arguments, facts=facts, **more)

    monkeypatch.setattr(desk, "decide", watched)  # the only way to watch a pure function that the desk calls
    assert connect(Policy.full("a")).call(name, calls(sandbox)[name]).ok
    assert seen[0] is False
    assert seen[1:]
    assert all(seen[1:])
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("name", TARGETED)
def test_the_target_is_read(name: str, sandbox: Sandbox) -> None:
    """Whatever changes a record asks for the record first, without any restriction in force."""
    call = catalogue[name].check(calls(sandbox)[name])
    asked = next_reading(Policy.full("a").of("a"), call, Facts())

    assert asked is not None
    assert asked.endpoint is catalogue[name].target
    assert scope.key_read(call, asked) == scope.target_key(call)


@pytest.mark.parametrize("name", WRITES)
def test_the_readings_end(name: str, sandbox: Sandbox) -> None:
    """The readings that a scope asks for come to an end, and leave nothing that could not be read."""
    rights = Policy.parse('[agents.a.records]\npipelines = [1]\nstages = [1]\nowners = ["me", 3]').of("a")
    call = catalogue[name].check(calls(sandbox)[name])
    facts = Facts(me=1)
    for _ in range(12):
        asked = next_reading(rights, call, facts)
        if asked is None:
            break
        empty: dict[str, Any] = {}
        facts = Facts(me=1, records={**facts.records, scope.key_read(call, asked): empty})
    else:
        pytest.fail("it never ends")

    why = scope.outside(rights.records, call, facts)
    assert why is None or "could not be read" not in why
