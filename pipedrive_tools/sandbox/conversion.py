"""Conversions of a lead into a deal and back: a job that is started, asked after, and done some polls later."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from pipedrive_tools.sandbox import leadfields
from pipedrive_tools.sandbox.answers import Answer, Record, RefusedError, body, general, validation
from pipedrive_tools.sandbox.bodies import checked_v2
from pipedrive_tools.sandbox.checks import is_uuid
from pipedrive_tools.sandbox.customfields import merged
from pipedrive_tools.sandbox.deals import blank as blank_deal
from pipedrive_tools.sandbox.derived import LINK
from pipedrive_tools.sandbox.forms import CONVERSION, Form
from pipedrive_tools.sandbox.leads import blank as blank_lead
from pipedrive_tools.sandbox.leads import find as find_lead
from pipedrive_tools.sandbox.placement import placed
from pipedrive_tools.sandbox.request import Request
from pipedrive_tools.sandbox.world import Handler, Job, Values, World

NOTHING = Form(MappingProxyType({}))

RESULT = {"leads": "deal_id", "deals": "lead_id"}
"""What a finished job names, by what was converted."""


def _start(source: str, form: Form) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        record = _find(world, source, request)
        target = checked_v2(world, request, form) if request.raw else {}
        return _said({"conversion_id": _job(world, source, record, target).key})

    return handle


def _job(world: World, source: str, record: Record, target: Values) -> Job:
    running = (each for each in world.jobs.values() if not each.is_over)
    same = next((each for each in running if (each.source, each.source_key) == (source, record["id"])), None)
    if same and world.switches.convert_twice == "400":
        raise general(400, "The conversion is already running")
    if same and world.switches.convert_twice == "same job":
        return same
    job = Job(str(uuid4()), source, record["id"], target, world.clock.monotonic())
    world.jobs[job.key] = job
    return job


def _status(source: str) -> Handler:
    def handle(world: World, request: Request) -> Answer:
        key, job = request.arguments[0].lower(), world.jobs.get(request.arguments[1].lower())
        if job is None or job.source != source or str(job.source_key) != key:
            raise gone()
        job = _polled(world, job)
        if world.switches.conversion == "expired" and job.is_over:
            raise gone()
        result = {RESULT[source]: job.result} if job.result is not None else {}
        return _said({**result, "conversion_id": job.key, "status": job.status})

    return handle


def _polled(world: World, job: Job) -> Job:
    job = world.jobs[job.key] = replace(job, polls=job.polls + 1)
    return _finished(world, job) if job.polls >= world.switches.conversion_polls else _running(world, job)


def _running(world: World, job: Job) -> Job:
    if job.is_over:
        return job
    job = world.jobs[job.key] = replace(job, status="running")
    return job


def settle(world: World) -> None:
    """End the jobs that nobody polled for long enough."""
    if world.jobs:
        edge = world.clock.monotonic() - world.switches.convert_seconds
        for job in list(world.jobs.values()):
            if job.started <= edge:
                _finished(world, job)


def _finished(world: World, job: Job) -> Job:
    ending = world.switches.conversion
    if job.is_over:
        return job
    if ending == "never":
        return _running(world, job)
    fails = ending in {"failed", "rejected"}
    done = world.jobs[job.key] = replace(job, status=ending) if fails else _converted(world, job)
    return done


def _converted(world: World, job: Job) -> Job:
    record = world.store[job.source].get(job.source_key)
    convert = _to_deal if job.source == "leads" else _to_lead
    result = convert(world, record, dict(job.target)) if record else None
    return replace(job, status="completed" if result else "failed", result=result)


def _to_deal(world: World, lead: Record, target: Values) -> int:
    if "stage_id" in target:
        target = {"stage_id": target["stage_id"]}
    value = lead["value"] or {"amount": 0, "currency": world.me["default_currency"]}
    shared = ("owner_id", "person_id", "expected_close_date", "channel", "channel_id", "origin_id")
    deal = {
        **blank_deal(world, lead["title"]),
        **placed(world, target, None),
        **{name: lead[name] for name in shared},
        "org_id": lead["organization_id"],
        "value": value["amount"],
        "currency": value["currency"],
        "visible_to": int(lead["visible_to"]),
        "source_lead_id": lead["id"],
        "custom_fields": merged(world, "deals", leadfields.nested(world, lead), {}),
    }
    world.store["deals"].put(deal)
    world.store["leads"].put({**lead, "is_deleted": True})
    _move(world, "leads", lead["id"], {"lead_id": None, "deal_id": deal["id"]})
    return int(deal["id"])


def _to_lead(world: World, deal: Record, _target: Values) -> str | None:
    if deal["person_id"] is None and deal["org_id"] is None:
        return None
    shared = ("owner_id", "person_id", "expected_close_date", "channel", "channel_id", "origin_id")
    lead = {
        **blank_lead(world, deal["title"]),
        **{name: deal[name] for name in shared},
        "organization_id": deal["org_id"],
        "value": {"amount": deal["value"], "currency": deal["currency"]} if deal["value"] else None,
        "visible_to": str(deal["visible_to"]),
        "source_deal_id": deal["id"],
        **leadfields.flat(world, deal),
    }
    world.store["leads"].put(lead)
    moved = world.moved(deal)
    world.store["deals"].put({**deal, "is_deleted": True, "status": "deleted", "update_time": moved})
    _move(world, "deals", deal["id"], {"deal_id": None, "lead_id": lead["id"]})
    return str(lead["id"])


def _move(world: World, source: str, key: Any, links: Values) -> None:
    """Hang the notes and activities of a record onto another one."""
    for table in ("activities", "notes"):
        for record in list(world.store.linked(table, LINK[source], key)):
            world.store[table].put({**record, **links})


def _find(world: World, source: str, request: Request) -> Record:
    found: Record | None
    if source == "leads":
        if not is_uuid(request.arguments[0]):
            raise validation(["id: Parameter 'id' must be a valid GUID"])
        found = find_lead(world, request.arguments[0].lower())
    else:
        found = world.store["deals"].get(request.number(0, "deal"))
    if found is None or found.get("is_deleted"):
        raise gone()
    return found


def gone() -> RefusedError:
    """The answer of the conversions to what does not exist."""
    return general(404, "Entity was not found", "Object was not found.")


def _said(content: Values) -> Answer:
    return body(200, {"success": True, "data": content, "additional_data": None})


HANDLERS: dict[str, Handler] = {
    "convert_lead_to_deal": _start("leads", CONVERSION),
    "get_lead_conversion_status": _status("leads"),
    "convert_deal_to_lead": _start("deals", NOTHING),
    "get_deal_conversion_status": _status("deals"),
}
