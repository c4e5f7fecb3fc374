from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import AgentPolicy, Policy
from pipedrive_tools.gate.scope import Facts, next_reading
from pipedrive_tools.gate.verdict import Counters, Taint, Verdict, decide
from tests.endpoints.examples import FIELD_KEY, LEAD_ID

DEAL: Final = {"id": 1, "pipeline_id": 1, "stage_id": 1, "value": 10}
STAGES: Final = {("pipelines", 1): {"pipeline_id": 1}, ("pipelines", 2): {"pipeline_id": 1}}
FAR_STAGES: Final = {("pipelines", 9): {"pipeline_id": 2}}


def decided(fields: dict[str, Any], tool: str, arguments: dict[str, Any]) -> Verdict:
    rights = Policy.full("a").of("a").model_dump() | {"fields": fields}
    policy = Policy(agents={"a": AgentPolicy.model_validate(rights)})
    records: Any = {("deals", 1): DEAL, **STAGES, **FAR_STAGES}
    call: Call[Any] = catalogue[tool].check(arguments)
    return decide(policy, "a", call, facts=Facts(records=records), counters=Counters(), taint=Taint())


@dataclass(frozen=True, kw_only=True)
class Written:
    """A field that is never written, and a call that writes it."""

    name: str
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} by {self.tool} {sorted(self.arguments)}"


CUSTOM: Final = [{"name": FIELD_KEY, "value": "x"}]
PARTS: Final = [{"name": f"{FIELD_KEY}_currency", "value": "USD"}]
WRITTEN: Final = (
    Written(name="deals.value", tool="update_deal", arguments={"deal_id": 1, "value": 3}),
    Written(name="deals.value", tool="create_deal", arguments={"title": "A", "value": 3}),
    Written(name="deals.lost_reason", tool="update_deal", arguments={"deal_id": 1, "clear": ["lost_reason"]}),
    Written(name=f"deals.{FIELD_KEY}", tool="update_deal", arguments={"deal_id": 1, "custom_fields": CUSTOM}),
    Written(name=f"deals.{FIELD_KEY}", tool="update_deal", arguments={"deal_id": 1, "clear": [FIELD_KEY]}),
    Written(
        name=f"leads.{FIELD_KEY}", tool="update_lead", arguments={"lead_id": LEAD_ID, "custom_fields": CUSTOM}
    ),
    Written(
        name=f"leads.{FIELD_KEY}", tool="update_lead", arguments={"lead_id": LEAD_ID, "custom_fields": PARTS}
    ),
    Written(name="leads.value", tool="update_lead", arguments={"lead_id": LEAD_ID, "clear": ["value"]}),
    Written(
        name="leads.currency",
        tool="update_lead",
        arguments={"lead_id": LEAD_ID, "value": 1, "currency": "EUR"},
    ),
    Written(
        name="activities.person_id",
        tool="update_activity",
        arguments={"activity_id": 1, "participants": [2]},
    ),
    Written(
        name="activities.participants",
        tool="update_activity",
        arguments={"activity_id": 1, "person_id": 2},
    ),
    Written(
        name="activities.person_id",
        tool="update_activity",
        arguments={"activity_id": 1, "clear": ["participants"]},
    ),
    Written(name="deals.pipeline_id", tool="update_deal", arguments={"deal_id": 1, "pipeline_id": 2}),
    Written(name="deals.pipeline_id", tool="update_deal", arguments={"deal_id": 1, "stage_id": 9}),
    Written(name="deals.pipeline_id", tool="create_deal", arguments={"title": "A", "stage_id": 1}),
    Written(name="deals.stage_id", tool="update_deal", arguments={"deal_id": 1, "pipeline_id": 2}),
    Written(
        name="deals.stage_id", tool="convert_lead_to_deal", arguments={"lead_id": LEAD_ID, "stage_id": 1}
    ),
    Written(
        name="deals.pipeline_id",
        tool="convert_lead_to_deal",
        arguments={"lead_id": LEAD_ID, "pipeline_id": 1},
    ),
    Written(name="notes.content", tool="update_note", arguments={"note_id": 1, "content": "x"}),
    Written(name="persons.emails", tool="update_person", arguments={"person_id": 1, "clear": ["emails"]}),
)


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_never_written(case: Written) -> None:
    """A field that is never written cannot be written under another name, through `clear`, or along with another."""
    verdict = decided({"never_write": [case.name]}, case.tool, case.arguments)

    assert (verdict.decision, verdict.rule) == ("deny", "agents.a.fields.never_write")
    assert case.name in verdict.reason
    assert decided({}, case.tool, case.arguments).decision == "allow"


def test_a_stage_of_the_same_pipeline() -> None:
    """A move within a pipeline does not write the pipeline; only the stage's record can tell."""
    fields = {"never_write": ["deals.pipeline_id"]}
    arguments = {"deal_id": 1, "stage_id": 2}
    rights = AgentPolicy.model_validate({"fields": fields})
    records: Any = {("deals", 1): DEAL}
    call: Call[Any] = catalogue["update_deal"].check(arguments)

    asked = next_reading(rights, call, Facts(records=records))
    assert asked is not None
    assert (asked.endpoint.name, asked.target_id) == ("get_stage", 2)
    assert decided(fields, "update_deal", arguments).decision == "allow"


def test_other_fields() -> None:
    """Other fields of the record, the same field of another resource, and reads go through."""
    fields = {"never_write": ["deals.value", "persons.name"]}

    assert decided(fields, "update_deal", {"deal_id": 1, "title": "A"}).decision == "allow"
    assert decided(fields, "update_organization", {"org_id": 1, "name": "A"}).decision == "allow"
    assert decided(fields, "get_deal", {"deal_id": 1}).decision == "allow"
    assert decided(fields, "delete_deal", {"deal_id": 1}).decision == "allow"


CEILINGS: Final[dict[str, tuple[str, str, dict[str, Any], str]]] = {
    "below": ("deals.value", "update_deal", {"deal_id": 1, "value": 99.5}, "allow"),
    "at it": ("deals.value", "update_deal", {"deal_id": 1, "value": 100}, "allow"),
    "above": ("deals.value", "update_deal", {"deal_id": 1, "value": 100.01}, "deny"),
    "a new deal": ("deals.value", "create_deal", {"title": "A", "value": 101}, "deny"),
    "a number as text": ("deals.value", "update_deal", {"deal_id": 1, "value": "101"}, "deny"),
    "a lead below": (
        "leads.value",
        "create_lead",
        {"title": "A", "person_id": 1, "value": 99, "currency": "EUR"},
        "allow",
    ),
    "a lead above": (
        "leads.value",
        "create_lead",
        {"title": "A", "person_id": 1, "value": 101, "currency": "EUR"},
        "deny",
    ),
    "a custom number": (
        f"deals.{FIELD_KEY}",
        "update_deal",
        {"deal_id": 1, "custom_fields": [{"name": FIELD_KEY, "value": 101}]},
        "deny",
    ),
    "custom money": (
        f"deals.{FIELD_KEY}",
        "update_deal",
        {"deal_id": 1, "custom_fields": [{"name": FIELD_KEY, "value": {"value": 101, "currency": "EUR"}}]},
        "deny",
    ),
    "custom money below": (
        f"deals.{FIELD_KEY}",
        "update_deal",
        {"deal_id": 1, "custom_fields": [{"name": FIELD_KEY, "value": {"value": 9, "currency": "EUR"}}]},
        "allow",
    ),
    "a custom text": (
        f"deals.{FIELD_KEY}",
        "update_deal",
        {"deal_id": 1, "custom_fields": [{"name": FIELD_KEY, "value": "a million"}]},
        "deny",
    ),
    "a blank": (f"deals.{FIELD_KEY}", "update_deal", {"deal_id": 1, "clear": [FIELD_KEY]}, "allow"),
}


@pytest.mark.parametrize("case", CEILINGS)
def test_ceilings(case: str) -> None:
    """No number above its ceiling is written, in whatever shape it comes; what is no number is not let through."""
    name, tool, arguments, expected = CEILINGS[case]

    assert decided({"max": {name: 100}}, tool, arguments).decision == expected
