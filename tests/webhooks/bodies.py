"""Bodies as Pipedrive sends them; values invented (FACTS.md, section 15)."""

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

HOOK = "31"


def number(name: object) -> str:
    return str(uuid5(NAMESPACE_URL, str(name)))


def event(
    action: str = "change",
    entity: str = "deal",
    entity_id: int | str = "412",
    *,
    data: dict[str, Any] | None = None,
    previous: dict[str, Any] | None = None,
    **meta: Any,
) -> dict[str, Any]:
    """An event of version 2; `meta` adds to what it says of itself."""
    shown = {"id": int(entity_id), "stage_id": 4, "update_time": "2026-08-18T09:30:00Z", "visible_to": "3"}
    return {
        "meta": {
            "action": action,
            "entity": entity,
            "entity_id": entity_id,
            "company_id": "77",
            "user_id": "9",
            "id": number((action, entity, entity_id)),
            "correlation_id": number("correlation"),
            "webhook_id": HOOK,
            "webhook_owner_id": "9",
            "type": "application",
            "version": "2.0",
            "attempt": 1,
            "change_source": "api",
            "is_bulk_edit": False,
            "timestamp": "2026-08-18T09:30:00.000Z",
            "host": "acme.pipedrive.com",
            "permitted_user_ids": ["9", "12"],
            **meta,
        },
        "data": (shown if data is None else data) if action != "delete" else None,
        "previous": previous
        if previous is not None
        else {"change": {"stage_id": 3}, "delete": shown}.get(action),
    }


VERSION_1: dict[str, Any] = {
    "v": 1,
    "matches_filters": {"current": [], "previous": []},
    "meta": {
        "v": 1,
        "action": "updated",
        "object": "deal",
        "id": 412,
        "company_id": 77,
        "user_id": 9,
        "host": "acme.pipedrive.com",
        "timestamp": 1787045400,
        "permitted_user_ids": [9, 12],
        "is_bulk_update": True,
        "webhook_id": 31,
    },
    "retry": 0,
    "current": {"id": 412, "stage_id": 4, "update_time": "2026-08-18 09:30:00"},
    "previous": {"stage_id": 3},
    "event": "updated.deal",
}


def body(given: Any) -> bytes:
    return json.dumps(given).encode()
