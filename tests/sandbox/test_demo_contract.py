"""Every generated record is an answer that Pipedrive's own documents allow, but for the slips listed here."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipedrive_tools.sandbox.demo import Demo, generate

TODAY = date(2026, 3, 2)
DOCUMENTS = Path(
    os.environ.get("PIPEDRIVE_OPENAPI", Path(__file__).parents[3] / "shared" / "pipedrive" / "openapi")
)


@dataclass(frozen=True)
class Answer:
    """Which list of the demo answers which operation of which document."""

    name: str
    document: str
    path: str


ANSWERS = [
    Answer("deals", "v2", "/deals"),
    Answer("persons", "v2", "/persons"),
    Answer("organizations", "v2", "/organizations"),
    Answer("activities", "v2", "/activities"),
    Answer("pipelines", "v2", "/pipelines"),
    Answer("stages", "v2", "/stages"),
    Answer("deal_fields", "v2", "/dealFields"),
    Answer("person_fields", "v2", "/personFields"),
    Answer("organization_fields", "v2", "/organizationFields"),
    Answer("activity_fields", "v2", "/activityFields"),
    Answer("leads", "v1", "/leads"),
    Answer("notes", "v1", "/notes"),
    Answer("lead_fields", "v1", "/leadFields"),
    Answer("users", "v1", "/users"),
    Answer("activity_types", "v1", "/activityTypes"),
    Answer("lead_labels", "v1", "/leadLabels"),
]


@dataclass(frozen=True)
class Slip:
    """Something the documents do not allow, or do not name, and the service does all the same."""

    reason: str
    fields: dict[str, str]


NULLS = Slip(
    "A value that is not set is null in answers, while the documents mark few fields as nullable.",
    {
        "deals": "person_id org_id stage_change_time won_time lost_time expected_close_date",
        "persons": "org_id picture_id postal_address notes birthday job_title",
        "organizations": "address",
        "activities": (
            "deal_id lead_id person_id org_id project_id due_date due_time duration marked_as_done_time location "
            "conference_meeting_client conference_meeting_url conference_meeting_id public_description priority note"
        ),
        "notes": (
            "deal lead_id deal_id last_update_user_id org_id organization person person_id project_id project "
            "task_id task icon_url"
        ),
        "address": (
            "country admin_area_level_1 admin_area_level_2 locality sublocality route street_number subpremise "
            "postal_code"
        ),
    },
)
BLANKED_DATES = Slip(
    "A close date emptied with an empty text reads 0000-00-00, which is no date.",
    {"deals": "expected_close_date"},
)
UNNAMED = Slip(
    "The examples of the documents, or their prose, have these; the schemas do not.",
    {
        "deals": "creator_user_id archive_time local_won_date local_lost_date local_close_date",
        "notes": "pinned_to_lead_flag",
        "person_fields": "description",
        "organization_fields": "description",
        "activity_fields": "description",
    },
)
LEFT_TO_THE_SERVER = Slip(
    "Answered only where include_fields asks for it: the server adds it.",
    dict.fromkeys(
        ("deal_fields", "person_fields", "organization_fields", "activity_fields"),
        "ui_visibility important_fields required_fields description",
    ),
)
_ADDRESSES = {"address", "location", "postal_address"}


def names(slip: Slip, kind: str) -> set[str]:
    return set(slip.fields.get(kind, "").split())


def is_slip(kind: str, error: jsonschema.ValidationError) -> bool:
    path = [str(each) for each in error.absolute_path]
    if error.instance is None:
        is_part = len(path) > 1 and path[-2] in _ADDRESSES
        return path[-1] in names(NULLS, "address" if is_part else kind)
    return error.instance == "0000-00-00" and path[-1] in names(BLANKED_DATES, kind)


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate(today=TODAY)


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    if not DOCUMENTS.is_dir():
        pytest.skip(
            f"Pipedrive's OpenAPI documents are not at {DOCUMENTS}; set PIPEDRIVE_OPENAPI to their folder"
        )
    return {
        name: yaml.load((DOCUMENTS / f"{name}.yaml").read_bytes(), yaml.CSafeLoader) for name in ("v1", "v2")
    }


def resolved(document: Any, node: Any) -> Any:
    """Give a node with its references followed, and `nullable` in the words of JSON Schema."""
    if isinstance(node, list):
        return [resolved(document, each) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return resolved(document, target)
    made = {key: resolved(document, value) for key, value in node.items()}
    if made.get("nullable") is True:
        made["type"] = [made["type"], "null"]
    return made


def item_schema(documents: dict[str, Any], answer: Answer) -> dict[str, Any]:
    document = documents[answer.document]
    content = document["paths"][answer.path]["get"]["responses"]["200"]["content"]
    schema = resolved(document, content["application/json"]["schema"])
    [data] = [part["properties"]["data"] for part in parts(schema) if "data" in part.get("properties", {})]
    return dict(data["items"])


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the schema and all that it is put together from."""
    yield schema
    for each in schema.get("allOf", []):
        yield from parts(each)


def is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value).tzinfo)


FORMATS = jsonschema.FormatChecker(["date", "uuid"])
FORMATS.checks("date-time", ValueError)(is_date_time)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_types(documents: dict[str, Any], demo: Demo, answer: Answer) -> None:
    """Every value has the type, format and choice that the documents give it."""
    validator = jsonschema.Draft202012Validator(item_schema(documents, answer), format_checker=FORMATS)
    errors = [error for record in getattr(demo, answer.name) for error in validator.iter_errors(record)]

    assert not [error for error in errors if not is_slip(answer.name, error)]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_keys(documents: dict[str, Any], demo: Demo, answer: Answer) -> None:
    """A record has every key that the documents name, and no other; leads carry custom fields besides."""
    named = {key for part in parts(item_schema(documents, answer)) for key in part.get("properties", {})}
    expected = (named | names(UNNAMED, answer.name)) - names(LEFT_TO_THE_SERVER, answer.name)
    for record in getattr(demo, answer.name):
        keys = {key for key in record if not (answer.name == "leads" and len(key) >= 40)}
        assert keys - names(LEFT_TO_THE_SERVER, answer.name) == expected


@pytest.mark.parametrize("kind", ["deals", "persons", "organizations", "activities", "notes"])
def test_slips_are_used(documents: dict[str, Any], demo: Demo, kind: str) -> None:
    """Every slip listed still occurs: the list holds nothing that no longer needs to be there."""
    assert documents
    records = getattr(demo, kind)
    icons = [note["user"] for note in demo.notes]

    assert all(any(each.get(key, 0) is None for each in [*records, *icons]) for key in names(NULLS, kind))
