"""Subscribing: webhooks made, renewed, removed, and kept as declared; safe when two processes do it at once.

A webhook is written down with a fresh credential before Pipedrive is told of it, so that its first event is taken
and one whose answer got lost is found again: its credential's user is in the account's list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from pydantic import Field

from pipedrive_tools.client import Pipedrive
from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import subscriptions
from pipedrive_tools.endpoints.subscriptions import MOST_PER_USER, CreateWebhook, Webhook
from pipedrive_tools.errors import (
    ArgumentsError,
    NotFoundError,
    PipedriveToolsError,
    UnprocessableError,
)
from pipedrive_tools.gate.sentence import quoted
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.hooks import Hook, Hooks
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.person import person
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.differences import Act, Step, added, differences, removed
from pipedrive_tools.webhooks.recording import Recording, described
from pipedrive_tools.webhooks.wanted import Wanted

KEPT: Final = "kept"
"""What was done about one that is as it shall be."""
OVERLAP_SECONDS: Final = 600.0
"""How long a credential counts that was replaced: longer than Pipedrive tries to deliver, which is 183 s."""
SETTLE_SECONDS: Final = 60.0
"""How long Pipedrive may still make a webhook after we gave up on the answer; then it is looked for."""


class CreateWithCredential(CreateWebhook):
    """Make a webhook that shows a credential of ours; never offered to a model."""

    http_auth_user: str
    """User of the credential."""
    http_auth_password: str = Field(repr=False)
    """Password of the credential."""


_CREATE: Final[Endpoint[..., Webhook]] = replace(cast("Any", subscriptions.create), args=CreateWithCredential)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done about one webhook."""

    name: str
    what: str
    number: int | None = None


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One webhook of the account, or one of ours that the account lacks."""

    number: int | None
    name: str
    event: str
    url: str
    is_ours: bool
    state: str
    """`active`, `removed: why`, or `missing`: ours, and not in the account."""
    last_status: int | None


class Subscriptions:
    """The webhooks of one account: those that it has, and those that are ours."""

    def __init__(
        self, client: Pipedrive, hooks: Hooks, recording: Recording, *, lease_seconds: float
    ) -> None:
        self._client, self._hooks, self._recording = client, hooks, recording
        self._lease_seconds = lease_seconds
        self._acts: dict[Act, Callable[[Step], Done]] = {
            "keep": lambda step: Done(name=step.name, what=KEPT, number=step.number),
            "make": self._make,
            "make again": self._make_again,
            "adopt": self._adopt,
            "replace": self._replace,
            "remove": self._remove,
            "clean": self._clean,
            "leave": _left,
        }

    @classmethod
    def of(cls, client: Pipedrive, settings: Settings, store: Store, *, command: str) -> "Subscriptions":
        """The webhooks of the account that the settings name; `command` is what the audit trail says a person ran."""
        account = Logins(settings, store).books()
        hooks = Hooks(store, account, keys=settings.state_key)
        recording = Recording(store=store, account=account, person=person(), command=command)
        answer_seconds = settings.timeout_seconds + settings.connect_seconds
        return cls(client, hooks, recording, lease_seconds=answer_seconds + SETTLE_SECONDS)

    def listed(self) -> list[Listed]:
        """Every webhook of the account, and those of ours that it lacks."""
        ours = {each.key: each for each in self._hooks.all()}
        there = self._there()
        found = [_seen(each, ours) for each in there]
        seen = {each.http_auth_user for each in there}
        missing = [each for each in ours.values() if each.until is None and each.key not in seen]
        return found + [_missing(each) for each in missing]

    def add(self, wanted: Wanted) -> Done:
        """Make one webhook; one that is there already is kept, and made again where Pipedrive deleted it."""
        hook = self._hooks.current().get(wanted.name)
        if hook and (hook.url, hook.action, hook.object, hook.user_id) != _subscribed(wanted):
            raise ArgumentsError(
                f"there is another webhook called {wanted.name!r} ({hook.action}.{hook.object}); "
                "remove it first, or take another name"
            )
        ours = self._hooks.all()  # before the list, as in `ensure`
        return self._done(added(wanted, ours, self._there()))[0]

    def ensure(self, wanted: Sequence[Wanted]) -> list[Done]:
        """Make the account have these webhooks of ours and no other ones; what is not ours is left alone."""
        ours = self._hooks.all()  # before the list: what is ours and not in it is then really gone
        return self._done(differences(wanted, ours, self._there()))

    def renew(self, names: Sequence[str] = ()) -> list[Done]:
        """Give webhooks a fresh credential, all of ours or those that are named; the old one counts for a while."""
        current = self._hooks.current()
        if unknown := [name for name in names if name not in current]:
            raise ArgumentsError(f"there is no webhook of ours called {unknown[0]!r}; see: webhooks list")
        done = [self._successor(current[name]) for name in names or current]
        self.ensure([_as_wanted(each) for each in self._hooks.current().values()])
        return done

    def remove(self, name: str) -> Done:
        """Delete a webhook of ours by its name, or any webhook by its number."""
        hook = self._hooks.current().get(name)
        if hook is not None:
            return self._done(removed(hook, self._there()))[0]
        if not name.isdecimal() or int(name) not in {each.id for each in self._there()}:
            raise ArgumentsError(f"there is no webhook {name!r}; see: webhooks list")
        self._delete(int(name), f"delete webhook {int(name)}, whose ever it is")
        return Done(name=name, what="removed", number=int(name))

    def _there(self) -> list[Webhook]:
        return self._client.send(subscriptions.list_()) or []

    def _done(self, steps: Sequence[Step]) -> list[Done]:
        return [self._acts[step.act](step) for step in steps]

    def _make(self, step: Step) -> Done:
        wanted = step.wanted
        if step.hook is not None:
            return self._made(step.hook, "made")
        if wanted is None:
            raise ArgumentsError(f"nothing tells what the webhook {step.name!r} is about")
        hook = self._hooks.plan(wanted.name, **_named(wanted))
        return self._made(hook, "made") if hook else _elsewhere(step.name)

    def _make_again(self, step: Step) -> Done:
        if step.hook is None:
            return _elsewhere(step.name)
        self._hooks.lost(step.hook)
        return self._made(step.hook, "made again: Pipedrive had deleted it")

    def _adopt(self, step: Step) -> Done:
        if step.hook is not None and step.number is not None:
            self._hooks.made(step.hook, step.number)
        return Done(name=step.name, what="found: its answer had got lost", number=step.number)

    def _replace(self, step: Step) -> Done:
        if step.hook is None or step.wanted is None:
            return _elsewhere(step.name)
        return self._successor(step.hook, **_named(step.wanted))

    def _successor(self, old: Hook, **changed: Any) -> Done:
        """The new one first, so that nothing is missed; what both tell is recognised as the same event."""
        new = self._hooks.renew(old, overlap_seconds=OVERLAP_SECONDS, **changed)
        if new is None:
            return _elsewhere(old.name)
        try:
            done = self._made(new, "made anew, with a fresh credential")
        except PipedriveToolsError as error:
            if error.outcome != "unknown":
                self._hooks.take_back(old, new)
            raise
        self._end(old, old.number)
        return done

    def _remove(self, step: Step) -> Done:
        if step.hook is not None:
            self._end(step.hook, step.hook.number)
        return Done(name=step.name, what="removed", number=step.hook.number if step.hook else None)

    def _clean(self, step: Step) -> Done:
        if step.hook is None and step.number is not None:
            self._delete(step.number, f"delete webhook {step.number}, a double of {quoted(step.name)}")
        elif step.hook is not None and step.hook.number is not None:
            self._end(step.hook, step.number)
        elif step.hook is not None:
            self._hooks.tidy(step.hook)
        return Done(name=step.name, what="cleaned up: a predecessor or a double", number=step.number)

    def _end(self, hook: Hook, number: int | None) -> None:
        if number is not None:
            self._delete(number, f"delete {described(hook)}")
        self._hooks.ended(hook, overlap_seconds=OVERLAP_SECONDS)

    def _delete(self, number: int, what: str) -> None:
        def send() -> bool:
            try:
                self._client.send(subscriptions.delete(webhook_id=number))
            except NotFoundError:  # somebody was faster, or Pipedrive was
                return False
            return True

        self._recording.sent(
            subscriptions.delete,
            what,
            send,
            lambda was_there: (
                f"number {number} is deleted" if was_there else f"number {number} was gone already"
            ),
        )

    def _made(self, hook: Hook, what: str) -> Done:
        """Make it at Pipedrive, unless another process is about to."""
        if not self._hooks.claim(hook, seconds=self._lease_seconds):
            return _elsewhere(hook.name)
        try:
            number = self._sent(hook).id
        except PipedriveToolsError as error:
            if error.outcome != "unknown":
                self._unmade(hook)
            raise
        self._hooks.made(hook, number)
        return Done(name=hook.name, what=what, number=number)

    def _unmade(self, hook: Hook) -> None:
        """One that Pipedrive refused is forgotten, if it never was; one that it deleted may be tried again."""
        if hook.number is None:
            self._hooks.forget(hook)
        else:
            self._hooks.lost(replace(hook, number=None))

    def _sent(self, hook: Hook) -> Webhook:
        values = {
            "name": hook.name,
            "subscription_url": hook.url,
            "event_action": hook.action,
            "event_object": hook.object,
            "http_auth_user": hook.key,
            "http_auth_password": self._hooks.password(hook),
        }
        try:
            call = _CREATE.check(values | ({"user_id": hook.user_id} if hook.user_id else {}))
            return self._recording.sent(
                subscriptions.create,
                f"make {described(hook)}, with a fresh credential",
                lambda: self._client.send(call),
                lambda made: f"it is number {made.id}",
            )
        except UnprocessableError as error:
            raise UnprocessableError(
                f"the webhook {hook.name!r} was not made: Pipedrive lets a user have {MOST_PER_USER} webhooks; "
                "remove one with: pipedrive-tools webhooks remove NAME, or join some with '*'",
                status=error.status,
                detail=error.detail,
            ) from None


def _named(wanted: Wanted) -> dict[str, Any]:
    return {"url": wanted.url, "action": wanted.action, "object": wanted.object, "user_id": wanted.user_id}


def _subscribed(wanted: Wanted) -> tuple[str, str, str, int | None]:
    return wanted.url, wanted.action, wanted.object, wanted.user_id


def _as_wanted(hook: Hook) -> Wanted:
    return Wanted(name=hook.name, url=hook.url, action=hook.action, object=hook.object, user_id=hook.user_id)


def _left(step: Step) -> Done:
    what = (
        "left alone: another store or account has its credential, and it calls the same address; "
        f"if that store is gone, run: pipedrive-tools webhooks remove {step.number}"
    )
    return Done(name=step.name, what=what, number=step.number)


def _elsewhere(name: str) -> Done:
    return Done(name=name, what="another process is making it; run this again in two minutes")


def _seen(each: Webhook, ours: dict[str, Hook]) -> Listed:
    ended = each.is_active == 0 or bool(each.remove_time)
    action = subscriptions.new_word(each.event_action)
    return Listed(
        number=each.id,
        name=each.name or "",
        event=f"{action}.{each.event_object}",
        url=each.subscription_url or "",
        is_ours=each.http_auth_user in ours,
        state=f"removed: {each.remove_reason or 'no reason given'}" if ended else "active",
        last_status=each.last_http_status,
    )


def _missing(hook: Hook) -> Listed:
    return Listed(
        number=hook.number,
        name=hook.name,
        event=f"{hook.action}.{hook.object}",
        url=hook.url,
        is_ours=True,
        state="missing",
        last_status=None,
    )
