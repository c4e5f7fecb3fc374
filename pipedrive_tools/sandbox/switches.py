"""What nobody knows about the real service, as settings: the first value of each is the default.

FACTS.md, section 19, tells why each one exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin

from pipedrive_tools.errors import SandboxError


@dataclass(frozen=True, kw_only=True)
class Switches:
    """How the sandbox behaves where the real service is undocumented."""

    latency: float = 0
    """Seconds that a call is on its way: half of them before it is carried out, half after."""
    search_lag: float = 0
    """Seconds until a search finds what was written."""
    list_lag: float = 0
    """Seconds until a list shows what was written."""
    late_commit: float = 1
    """Seconds after which a late commit lands, where the fault names none."""
    commit_then_fail: Literal["off", "502", "504", "reset", "cut_json"] = "off"
    """What the caller of a create gets although the record was made."""
    v1_twins: Literal[200, 404, 410] = 200
    """What v1 endpoints with a v2 twin answer since they went out of support."""
    query_api_token: Literal["accepted", "refused"] = "accepted"  # noqa: S105 - a switch
    """Whether `?api_token=` counts; old clients know no other way."""
    bearer: Literal["issued", "any"] = "issued"
    """Which access tokens are good: those that its OAuth server gave out, or any text as well."""
    access_token_seconds: float = 3599
    """How long an access token lives."""
    refresh_token_days: float = 60
    """How long a refresh token lives without use."""
    code_seconds: float = 300
    """How long a code waits to be exchanged."""
    refresh_rotation: Literal["same", "new", "grace"] = "same"
    """What a refresh gives: the same refresh token; a new one, the old dies at once; or lives 60 s more."""
    parallel_refresh: Literal["all win", "one wins"] = "all win"
    """What becomes of refreshes of one login that come at once."""
    access_token_on_refresh: Literal["lives", "dies"] = "lives"  # noqa: S105 - a switch
    """What a refresh does to the access token before."""
    oauth_error_shape: Literal["success", "oauth", "text"] = "success"
    """The body of a refusal: `{success, error, message}`, `{error, error_description}`, or plain text."""
    pkce: Literal["ignored", "accepted", "refused"] = "ignored"
    """What a `code_challenge` brings."""
    consent: Literal["given", "denied"] = "given"
    """What the user says who opens the authorize address."""
    scopes: str = ""
    """Scopes that the app has, commas between; empty is every one that the catalogue needs."""
    api_domain: str = ""
    """The address that a login names for its calls; empty is the sandbox's own."""
    limit_over_max: Literal[400, "clamped"] = 400
    """What a page size above the maximum brings."""
    v1_paging: Literal["flat", "pagination", "none", "null"] = "flat"
    """Where leads tell how they go on; `null` is flat with an empty list as null."""
    patch_is_deleted: Literal["ignored", "400", "deletes"] = "ignored"
    """What `is_deleted` in the body of an update does."""
    get_deleted: Literal["record", "404"] = "record"
    """What reading a deleted record by its id gives."""
    edit_archived: Literal["400", "allowed"] = "400"
    """Whether an archived record can be changed without bringing it back in the same call."""
    stage_other_pipeline: Literal["moves both", "400"] = "moves both"
    """What a stage of another pipeline does to a deal when no pipeline is named."""
    contact_sync: Literal["off", "on"] = "off"
    """Whether the five contact-sync fields of a person may be written."""
    campaigns: Literal["off", "on"] = "off"
    """Whether the account has the Campaigns add-on."""
    time_format: Literal["HH:MM", "both"] = "HH:MM"
    """Which clock times an activity takes: `both` takes seconds too."""
    time_field_input: Literal["object", "string"] = "object"
    """Whether a time field takes a bare string besides its object."""
    conversion: Literal["completes", "failed", "rejected", "never", "expired"] = "completes"
    """How a conversion ends."""
    conversion_polls: int = 2
    """How many polls a conversion takes."""
    convert_twice: Literal["same job", "second deal", "400"] = "same job"
    """What starting a second conversion of one record does."""
    v1_unknown_keys: Literal["ignored", "400"] = "ignored"
    """What a v1 body with an unknown key brings."""
    null_fields: Literal["omitted", "sent"] = "omitted"
    """Whether an empty field that the API reference does not call nullable is left out or null."""
    last_cursor: Literal["null", "missing"] = "null"
    """How the last page of a v2 list says that it is the last; the reference's prose says null, its types do not."""
    daily_429: Literal["text", "burst"] = "text"
    """What a spent day answers: the words and code reported, or the same as a full window."""
    burst_429: Literal["json", "empty"] = "json"
    """The body of a full window."""
    retry_after: bool = False
    """Whether a 429 carries `retry-after`."""
    daily_headers: bool = False
    """Whether answers tell what is left of the day."""
    reset_header: Literal["seconds", "epoch", "missing"] = "seconds"
    """How `x-ratelimit-reset` counts."""
    reset_zone: Literal["+00:00", "+02:00", "-05:00"] = "+00:00"
    """Where the server's midnight is."""
    charge_failed: Literal["no", "yes", "429 too"] = "no"
    """Which refused calls cost tokens."""
    search_counts_twice: bool = True
    """Whether a search also fills the general window."""
    burst_limits: bool = True
    """Whether full windows refuse at all; tests that hammer turn it off."""
    block_after: int = 0
    """Calls past a 429 until an API token is blocked with an HTML 403; 0 is never."""
    block_minutes: float = 1
    """How long a block lasts."""
    cursor_minutes: float = 0
    """How long a cursor lives; 0 is for ever."""
    webhook_second: float = 1
    """How long a second of the schedule of deliveries lasts: retries, bans and the deletion."""
    webhook_answer_seconds: float = 10
    """How long a receiver may take to answer; not scaled by `webhook_second`."""
    webhook_probe: Literal["GET", "POST", "off"] = "GET"
    """How a new webhook's address is called before it is made."""
    webhook_scope: Literal["admin", "area"] = "admin"
    """Which OAuth scopes open webhooks: admin only, or their own as well."""
    webhook_removed: Literal["gone", "listed"] = "gone"
    """Whether a webhook that the service deleted is still listed, with the reason."""
    webhook_id_on_retry: Literal["kept", "new"] = "kept"
    """What a retry does to the number of its event."""
    webhook_order: Literal["in order", "shuffled", "doubled"] = "in order"
    """How events come: those of one record in order; in any order; each twice."""
    webhook_meta: Literal["iso", "digits"] = "iso"
    """How `meta` writes: ISO time and ids as texts, or ten digits and ids as numbers."""
    event_object_list: Literal["refused", "accepted"] = "refused"
    """Whether one webhook may name several kinds of records."""
    convert_seconds: float = 5
    """When a conversion ends that nobody polls."""

    def changed(self, values: Mapping[str, Any]) -> "Switches":
        """These switches with some set anew; an unknown name or value is one clear error."""
        known = {each.name: each.type for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise SandboxError(f"no switch is called {name!r}; there are: {', '.join(known)}")
            _check(name, value, known[name])
        return replace(self, **values)


def _check(name: str, value: object, kind: object) -> None:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise SandboxError(f"switch {name!r} takes one of {list(get_args(kind))}, not {value!r}")
    elif kind is bool:
        if not isinstance(value, bool):
            raise SandboxError(f"switch {name!r} takes true or false, not {value!r}")
    elif kind is str:
        if not isinstance(value, str):
            raise SandboxError(f"switch {name!r} takes a text, not {value!r}")
    elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SandboxError(f"switch {name!r} takes a number from 0 on, not {value!r}")
