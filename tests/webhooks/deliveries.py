"""Events as Pipedrive delivers them, and a credential that counts."""

import json
import uuid
from base64 import b64encode
from typing import Any

from tests.webhooks.bodies import event

BASIC = "Basic " + b64encode(b"hook:correct horse battery staple").decode()
HEADERS = {"authorization": BASIC, "content-type": "application/json"}


def credential(shown: str | None) -> str | None:
    """The check of the one credential."""
    return "hook" if shown == BASIC else None


def body(
    number: int | str = 1,
    *,
    entity: str = "deal",
    action: str = "change",
    update_time: str = "2020-01-01T00:00:00Z",
    data: dict[str, Any] | None = None,
    **meta: Any,
) -> bytes:
    """One event about the record of this number, made by a person in the web app; each one is another."""
    told = {"id": str(uuid.uuid4()), "change_source": "app", "timestamp": update_time}
    told |= {"permitted_user_ids": None} | meta
    shown = {"id": number, "update_time": update_time, "told_by": told["id"], **(data or {})}
    previous = shown if action == "delete" else None
    made = event(action, entity, data=shown, previous=previous, **told)
    made["meta"]["entity_id"] = str(number)
    return json.dumps(made).encode()
