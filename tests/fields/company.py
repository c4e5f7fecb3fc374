"""The fields of a small company: one of each kind, and two of one name."""

from typing import Any, Final

from pipedrive_tools.fields import Fields

KINDS: Final = (
    "varchar",
    "varchar_auto",
    "text",
    "double",
    "monetary",
    "date",
    "daterange",
    "time",
    "timerange",
    "set",
    "enum",
    "address",
    "phone",
    "user",
    "org",
    "people",
)
OPTIONS: Final = [
    {"id": 11, "label": "North"},
    {"id": 12, "label": "South, by the sea"},
    {"id": 13, "label": "14"},
    {"id": 14, "label": "West"},
]


def key(number: int) -> str:
    """A key of 40 hexadecimal digits."""
    return f"{number:02x}" * 20


def definition(number: int, name: str, kind: str) -> dict[str, Any]:
    """A custom field as v2 defines it."""
    options = OPTIONS if kind in {"enum", "set"} else None
    custom = {"field_code": key(number), "field_name": name, "field_type": kind, "options": options}
    return custom | {"is_custom_field": True}


FIELDS: Final = Fields.read(
    "deals",
    [
        {"field_code": "title", "field_name": "Title", "field_type": "varchar", "is_custom_field": False},
        {"field_code": "value", "field_name": "Value", "field_type": "monetary", "is_custom_field": False},
        {
            "field_code": "stage_id",
            "field_name": "Stage",
            "field_type": "stage",
            "options": [{"id": "3", "label": "Proposal"}],
        },
        *(definition(number, f"My {kind}", kind) for number, kind in enumerate(KINDS)),
        definition(100, "Region", "enum"),
        definition(101, "region", "varchar"),
        definition(102, "Tier", "varchar"),
        definition(103, "Tier", "double"),
    ],
)
BY_KIND: Final = {kind: FIELDS.custom(f"My {kind}") for kind in KINDS}
