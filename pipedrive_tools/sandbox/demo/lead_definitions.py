"""Field definitions of leads in the v1 shape: their own built-in fields and every custom field of deals."""

from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.record import Record

_MADE = -900  # days before today

# Key, name and type; only the types that both lists of the document allow, for it has two.
_BUILT_IN = (
    ("title", "Title", "varchar"),
    ("owner_id", "Owner", "user"),
    ("creator_id", "Creator", "user"),
    ("label_ids", "Labels", "set"),
    ("person_id", "Contact person", "people"),
    ("organization_id", "Organization", "org"),
    ("value", "Value", "monetary"),
    ("expected_close_date", "Expected close date", "date"),
    ("source_name", "Source", "varchar"),
    ("add_time", "Created", "date"),
    ("update_time", "Updated", "date"),
    ("visible_to", "Visible to", "visible_to"),
)


def lead_field_records(calendar: Calendar, deal_fields: list[Record]) -> list[Record]:
    """Give the fields of leads; the custom ones are taken from the deals' definitions."""
    fields = [_field(calendar, number, *row) for number, row in enumerate(_BUILT_IN, start=1)]
    for field in deal_fields:
        if field["is_custom_field"]:
            row = (len(fields) + 1, field["field_code"], field["field_name"], field["field_type"])
            fields.append(_field(calendar, *row) | _custom(field))
    return fields


def _custom(field: Record) -> Record:
    parts = [
        part for part in field["subfields"] or [] if part["field_code"] not in {"value", "timezone_name"}
    ]
    options = field["options"]
    return {
        "edit_flag": True,
        "options": options and [{"id": option["id"], "label": option["label"]} for option in options],
        "subfields": [
            {
                "key": f"{field['field_code']}_{part['field_code']}",
                "name": part["field_name"],
                "field_type": part["field_type"],
            }
            for part in parts
        ],
    }


def _field(calendar: Calendar, number: int, key: str, name: str, field_type: str) -> Record:
    return {
        "id": number,
        "key": key,
        "name": name,
        "order_nr": number,
        "field_type": field_type,
        "add_time": calendar.instant(_MADE, 30000),
        "update_time": calendar.instant(_MADE, 30000),
        "last_updated_by_user_id": None,
        "created_by_user_id": None,
        "active_flag": True,
        "edit_flag": False,
        "index_visible_flag": True,
        "details_visible_flag": True,
        "add_visible_flag": True,
        "important_flag": False,
        "bulk_edit_allowed": True,
        "searchable_flag": field_type in _SEARCHABLE,
        "filtering_allowed": True,
        "sortable_flag": True,
        "mandatory_flag": key == "title",
        "options": None,
        "options_deleted": [],
        "is_subfield": False,
        "subfields": [],
    }


_SEARCHABLE = ("address", "varchar", "text", "varchar_auto", "double", "monetary", "phone")
