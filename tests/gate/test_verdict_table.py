"""Every kind of agent, every tool, every level and every exception, against a table that was written by hand."""

from itertools import product
from typing import Any, Final

import pytest

from pipedrive_tools.endpoint import Effect, Endpoint
from pipedrive_tools.endpoints import catalogue, deals
from pipedrive_tools.errors import PolicyError
from pipedrive_tools.gate.policy import AgentPolicy, Policy
from pipedrive_tools.gate.verdict import Counters, Taint, decide, grant
from tests.endpoints.examples import EXAMPLES

LEVELS: Final = ("off", "read", "full")
ACTIONS: Final = (None, "off", "ask", "allow")
BY_LEVEL: Final[dict[tuple[str, str], str]] = {
    ("off", "read"): "deny",
    ("off", "create"): "deny",
    ("off", "update"): "deny",
    ("off", "delete"): "deny",
    ("off", "convert"): "deny",
    ("read", "read"): "allow",
    ("read", "create"): "deny",
    ("read", "update"): "deny",
    ("read", "delete"): "deny",
    ("read", "convert"): "deny",
    ("full", "read"): "allow",
    ("full", "create"): "allow",
    ("full", "update"): "allow",
    ("full", "delete"): "deny",
    ("full", "convert"): "deny",
}
"""What a level grants; deletes and conversions are never among it."""
BY_ACTION: Final = {"off": "deny", "ask": "ask", "allow": "allow"}
"""What an exception for a tool says; it wins over the level."""
OTHERS_MAY: Final = {"deals": "read", "persons": "read", "organizations": "read", "leads": "read"}
SHOWS_MORE: Final = {"search_items": ("persons", "organizations", "leads")}
"""Tools that show records of other resources, which must be granted as well."""

BY_NAME_ONLY: Final = frozenset({"list_webhooks", "create_webhook", "delete_webhook"})
"""Tools that no level grants."""


def rights(entry: Endpoint[..., Any], level: str, action: str | None) -> AgentPolicy:
    named = {entry.name: action} if action else {}
    return AgentPolicy.model_validate({**OTHERS_MAY, entry.resource: level, "actions": named})


def expected(entry: Endpoint[..., Any], level: str, action: str | None) -> str:
    if action is None and entry.name in BY_NAME_ONLY:
        return "deny"
    return BY_ACTION[action] if action else BY_LEVEL[level, entry.effect.value]


@pytest.mark.parametrize("name", catalogue)
def test_a_named_agent(name: str) -> None:
    """Each tool at each level with each exception is decided as the table says, also as a whole call."""
    entry = catalogue[name]
    call = entry.check(EXAMPLES[name]["minimal"])

    for level, action in product(LEVELS, ACTIONS):
        policy = Policy(agents={"a": rights(entry, level, action)})
        wanted = expected(entry, level, action)
        assert grant(policy, "a", entry).decision == wanted, (level, action)
        whole = decide(policy, "a", call, facts=None, counters=Counters(), taint=Taint())
        assert whole.decision == wanted, (level, action)


@pytest.mark.parametrize("agent", ["b", "", "A", "a ", "agents.a", "*"])
@pytest.mark.parametrize("name", catalogue)
def test_an_agent_that_is_not_named(name: str, agent: str) -> None:
    """Whoever the policy does not name may do nothing, whatever others may."""
    policy = Policy.full("a")

    assert grant(policy, agent, catalogue[name]).decision == "deny"
    assert grant(policy, agent, catalogue[name]).rule == "agents"
    assert grant(Policy(), agent, catalogue[name]).decision == "deny"


@pytest.mark.parametrize("name", catalogue)
def test_an_agent_without_rights(name: str) -> None:
    """An agent whose table is empty may do nothing."""
    assert grant(Policy(agents={"a": AgentPolicy()}), "a", catalogue[name]).decision == "deny"


@pytest.mark.parametrize("name", ["drop_everything", "Update_deal", "update_deal "])
def test_a_tool_that_is_not_in_the_catalogue(name: str) -> None:
    """An entry that is not in the catalogue is denied, even with rights on its resource."""
    fields = {**vars(deals.update), "name": name}
    stranger: Endpoint[..., Any] = Endpoint(
        **{each: fields[each] for each in deals.update.__dataclass_fields__}
    )

    assert grant(Policy.full("a"), "a", stranger).decision == "deny"


def test_a_double_of_a_tool() -> None:
    """An entry that only bears the name of a tool is denied."""
    double: Endpoint[..., Any] = Endpoint(
        **{each: getattr(deals.list_, each) for each in deals.list_.__dataclass_fields__}
    )

    assert grant(Policy.full("a"), "a", deals.list_).decision == "allow"
    assert grant(Policy.full("a"), "a", double).rule == "catalogue"


@pytest.mark.parametrize("resource", ["companies", "Deals", "deal", ""])
def test_a_resource_that_does_not_exist(resource: str) -> None:
    """A policy on an unknown resource is no policy."""
    with pytest.raises(PolicyError, match="Extra inputs"):
        Policy.parse(f'[agents.a]\n"{resource}" = "full"\n')


@pytest.mark.parametrize(
    ("tool", "missing"), [(tool, each) for tool, shown in SHOWS_MORE.items() for each in shown]
)
def test_a_tool_that_shows_more(tool: str, missing: str) -> None:
    """A tool that shows records of further resources needs rights on all of them; an exception does not help."""
    entry = catalogue[tool]
    everything = Policy.read_only("a").of("a")
    less = everything.model_copy(update={missing: "off", "actions": {tool: "allow"}})

    assert grant(Policy(agents={"a": everything}), "a", entry).decision == "allow"
    assert grant(Policy(agents={"a": less}), "a", entry).rule == f"agents.a.{missing}"


def test_the_table_knows_what_shows_more() -> None:
    """No other tool shows records of further resources."""
    assert {name: entry.also_reads for name, entry in catalogue.items() if entry.also_reads} == SHOWS_MORE


def test_read_only_and_full() -> None:
    """`read_only` lets every read through and nothing else; `full` lets everything through, also once tainted."""
    for entry in catalogue.values():
        reading = grant(Policy.read_only("a"), "a", entry).decision
        assert reading == ("allow" if entry.effect is Effect.READ else "deny")
        call = entry.check(EXAMPLES[entry.name]["minimal"])
        whole = decide(
            Policy.full("a"), "a", call, facts=None, counters=Counters(), taint=Taint(tainted=True)
        )
        assert whole.decision == "allow"
