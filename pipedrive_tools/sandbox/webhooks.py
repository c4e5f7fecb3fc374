"""Webhooks of the account: listed, made after a look at their address, and deleted; never changed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipedrive_tools.endpoints import subscriptions
from pipedrive_tools.sandbox.account import COMPANY
from pipedrive_tools.sandbox.answers import Answer, Record, RefusedError, body
from pipedrive_tools.sandbox.bodies import field_problems
from pipedrive_tools.sandbox.checks import Check, choice, listed, nullable, text
from pipedrive_tools.sandbox.clock import lead_stamp
from pipedrive_tools.sandbox.forms import NAME, USER, Form
from pipedrive_tools.sandbox.outgoing import NO_ANSWER, Address, Outgoing
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, Values, World

MOST_PER_USER = 40
OBJECTS = (
    "activity", "deal", "lead", "note", "organization", "person", "pipeline", "product", "stage", "user",
    "board", "phase", "project", "task", "deal_installment", "deal_product", "*",
)  # fmt: skip
ACTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"2.0": ("create", "change", "delete", "*"), "1.0": ("added", "updated", "merged", "deleted", "*")}
)
"""Words by version; one version refuses those of the other."""
REDIRECTS = range(300, 400)
UNREACHABLE = "invalid or non-reachable URL"
PROBE_SECONDS = 10.0


def _object(value: Any, world: World) -> str | None:
    if isinstance(value, list) and world.switches.event_object_list == "accepted":
        return listed(choice(*OBJECTS))(value, world)
    return choice(*OBJECTS)(value, world)


def _form(version: object) -> Form:
    known: dict[str, Check] = {
        "subscription_url": text(2048, 1),
        "event_action": choice(*ACTIONS.get(str(version), ())),
        "event_object": _object,
        "name": NAME,
        "user_id": USER,
        "http_auth_user": nullable(text(255)),
        "http_auth_password": nullable(text(255)),
        "version": choice(*ACTIONS),
    }
    return Form(
        MappingProxyType(known), required=("subscription_url", "event_action", "event_object", "name")
    )


async def looked(request: Request, world: World, outgoing: Outgoing) -> None:
    """Call the address of a webhook that is to be made, as the service does; what answers at all is reachable.

    Other machines are not called: an https address elsewhere counts as reachable.
    """
    if request.method != "POST" or request.path != subscriptions.create.path:
        return
    content = request.parsed()
    url = str(content.get("subscription_url", "")) if isinstance(content, dict) else ""
    address = Address.on_this_machine(url)
    if address is None:
        host = url.removeprefix("https://").partition("/")[0].partition(":")[0]
        is_theirs = host == "pipedrive.com" or host.endswith(".pipedrive.com")
        request.is_reachable = url.startswith("https://") and "." in host and not is_theirs
    elif world.switches.webhook_probe != "off":
        method = world.switches.webhook_probe
        status = await outgoing.send(
            method, address, {"user-agent": AGENT}, b"", within_seconds=PROBE_SECONDS
        )
        request.is_reachable = status != NO_ANSWER and status not in REDIRECTS


AGENT = "Pipedrive Webhooks"
"""What every call names itself."""


def _list(world: World, _request: Request) -> Answer:
    return _said([dict(each) for each in world.store["webhooks"].records()])


def _create(world: World, request: Request) -> Answer:
    sent = request.parsed()
    if not isinstance(sent, dict):
        raise _refused(400, "body", "must be a JSON object")
    form = _form(sent.get("version", "2.0"))
    if problems := field_problems(world, sent, form):
        name, _, why = problems[0].partition(": ")
        raise _refused(400, name, why)
    if not request.is_reachable:
        raise _refused(400, "subscription_url", UNREACHABLE)
    user = sent.get("user_id", world.my_id)
    if sum(each["user_id"] == user for each in world.store["webhooks"].records()) >= MOST_PER_USER:
        raise _refused(422, "user_id", f"a user may have {MOST_PER_USER} webhooks at most")
    values = {name: value for name, value in sent.items() if name in form.fields}
    return _said(dict(world.store["webhooks"].put(_blank(world, values, user))), status=201)


def _blank(world: World, values: Values, user: int) -> Values:
    return {
        "id": world.store["webhooks"].fresh_id(),
        "company_id": COMPANY["company_id"],
        "owner_id": user,
        "user_id": user,
        "event_action": values["event_action"],
        "event_object": values["event_object"],
        "subscription_url": values["subscription_url"],
        "version": values.get("version", "2.0"),
        "is_active": 1,
        "add_time": lead_stamp(world.clock.now()),
        "remove_time": None,
        "type": "general",
        "http_auth_user": values.get("http_auth_user"),
        "http_auth_password": values.get("http_auth_password"),
        "remove_reason": None,
        "last_delivery_time": None,
        "last_http_status": None,
        "admin_id": world.my_id,
        "name": values["name"],
    }


def removed(world: World, hook: Record, reason: str) -> None:
    """The service itself deletes a webhook."""
    if world.switches.webhook_removed == "gone":
        world.store["webhooks"].remove(hook["id"])
        return
    ended = {"is_active": 0, "remove_time": lead_stamp(world.clock.now()), "remove_reason": reason}
    world.store["webhooks"].put({**hook, **ended})


def _delete(world: World, request: Request) -> Answer:
    key = request.arguments[0]
    if not key.isdecimal() or world.store["webhooks"].get(int(key)) is None:
        raise _refused(404, "id", "not found")
    world.store["webhooks"].remove(int(key))
    return body(200, {"status": "ok", "success": True})


def _said(content: Any, *, status: int = 200) -> Answer:
    return body(status, {"status": "ok", "success": True, "data": content})


def _refused(status: int, name: str, why: str) -> RefusedError:
    """Shape 4, of webhooks alone."""
    return RefusedError(body(status, {"status": "error", "success": False, "errors": {name: [why]}}))


HANDLERS: dict[str, Handler] = {
    "list_webhooks": _list,
    "create_webhook": _create,
    "delete_webhook": _delete,
}
