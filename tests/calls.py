"""One call per tool that the demo data answers well: the full examples, with records put in that are there."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from pipedrive_tools.endpoint import Effect, Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.arguments import Change
from pipedrive_tools.gate.policy import Policy
from tests.endpoints.examples import EXAMPLES

DROPPED: Final = frozenset({"expect_version", "clear", "lost_reason"})
"""Arguments for which the demo data has nothing to put in."""
NOT_THERE: Final = frozenset({"get_lead_conversion_status", "get_deal_conversion_status"})
"""Tools that ask after a job which nobody has started: Pipedrive knows nothing of it."""
CUSTOM_OF: Final = {
    "deals": "deals",
    "leads": "deals",
    "persons": "persons",
    "organizations": "organizations",
}
"""Whose custom fields a resource has: leads share those of deals."""


def allow_everything(agent: str = "tester") -> Policy:
    """A policy under which one agent may use every tool."""
    resources = {entry.resource for entry in catalogue.values()}
    named = [
        e.name for e in catalogue.values() if e.by_name_only or e.effect in {Effect.DELETE, Effect.CONVERT}
    ]
    lines = [f"[agents.{agent}]", *(f'{each} = "full"' for each in sorted(resources))]
    return Policy.parse(
        "\n".join([*lines, f"[agents.{agent}.actions]", *(f'{name} = "allow"' for name in named)])
    )


class Records(Protocol):
    """A sandbox, in this process or in another one."""

    def records(self, resource: str) -> list[dict[str, Any]]:
        """The records of a resource."""
        ...


def calls(sandbox: Records) -> dict[str, dict[str, Any]]:
    """Arguments by the name of the tool."""
    there = _there(sandbox)
    return {name: _fitted(entry, EXAMPLES[name], there) for name, entry in catalogue.items()}


def _there(sandbox: Records) -> dict[str, Any]:
    """A live record for every argument that names one, and a text field for every resource."""
    open_deals = (each for each in sandbox.records("deals") if each["status"] == "open")
    deal = next(each for each in open_deals if each["org_id"] and not each["is_archived"])
    found: dict[str, Any] = {
        name: next(each["id"] for each in sandbox.records(table) if not each.get("is_deleted"))
        for name, table in (("activity_id", "activities"), ("note_id", "notes"), ("lead_id", "leads"))
    }
    found |= {name: deal[name] for name in ("person_id", "org_id", "pipeline_id", "stage_id")}
    found |= {"deal_id": deal["id"], "organization_id": deal["org_id"], "owner_id": 1, "user_id": 1}
    found["leads label_ids"] = [sandbox.records("lead_labels")[0]["id"]]
    for resource, of in CUSTOM_OF.items():
        fields = sandbox.records(f"{of[:-1]}_fields")
        custom = (each for each in fields if each["is_custom_field"])
        found[f"{resource} field_code"] = next(
            each["field_code"] for each in custom if each["field_type"] == "varchar"
        )
        labels = next(each["options"] for each in fields if each["field_code"] == "label_ids")
        found.setdefault(f"{resource} label_ids", [labels[0]["id"]])
    return found


def _fitted(
    entry: Endpoint[..., Any], examples: Mapping[str, Mapping[str, Any]], there: Mapping[str, Any]
) -> dict[str, Any]:
    if "limit" in entry.model.model_fields:  # filters of an example leave nothing to show
        return examples["minimal"] | ({"term": "an"} if "term" in examples["minimal"] else {}) | {"limit": 2}
    fitted = {name: value for name, value in examples["full"].items() if name not in DROPPED}
    fitted |= {name: there[name] for name in fitted.keys() & there.keys()}
    own = {name: there.get(f"{entry.resource} {name}") for name in ("label_ids", "field_code")}
    fitted |= {name: value for name, value in own.items() if name in fitted and value}
    custom = own["field_code"]
    if "custom_fields" in fitted:
        fitted["custom_fields"] = [{"name": custom, "value": "Gold"}]
    if "participants" in fitted:
        fitted["participants"] = [there["person_id"]]
    if issubclass(entry.model, Change):
        written = fitted.keys() - entry.model.controls - set(entry.path_arguments)
        fitted["overwrite"] = sorted(written | {custom} - {None})
    return fitted
