"""What must be done so that the account has the webhooks it shall have: a comparison of three lists. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipedrive_tools.endpoints.subscriptions import Webhook, new_word
from pipedrive_tools.state.hooks import KEY_START, Hook
from pipedrive_tools.webhooks.wanted import Wanted

Act = Literal["keep", "make", "make again", "adopt", "replace", "remove", "clean", "leave"]
"""`adopt`: it was made, and the answer got lost; `clean`: a predecessor or a double; `leave`: another store's."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do."""

    act: Act
    name: str
    wanted: Wanted | None = None
    hook: Hook | None = None
    number: int | None = None
    """Pipedrive's, of the one to adopt or to delete."""


def differences(wanted: Sequence[Wanted], ours: Sequence[Hook], there: Iterable[Webhook]) -> list[Step]:
    """The steps, those that make something before those that delete: nothing is missed in between.

    Ours must have been read before the account was: what is ours and not there is then really gone.
    """
    alive = {each.id: each for each in there if each.is_active != 0 and not each.remove_time}
    current = {each.name: each for each in ours if each.until is None}
    steps = [_one(each, current.get(each.name), alive) for each in wanted]
    kept = {step.number for step in steps if step.number is not None}
    return [*steps, *_unwanted(wanted, current), *_leftovers(ours, alive, kept, wanted)]


def added(wanted: Wanted, ours: Sequence[Hook], there: Iterable[Webhook]) -> list[Step]:
    """The steps for one webhook, whatever others there are."""
    alive = {each.id: each for each in there if each.is_active != 0 and not each.remove_time}
    same = [each for each in ours if each.name == wanted.name]
    step = _one(wanted, next((each for each in same if each.until is None), None), alive)
    kept = set() if step.number is None else {step.number}
    return [step, *_leftovers(same, alive, kept, [])]


def removed(hook: Hook, there: Iterable[Webhook]) -> list[Step]:
    """The steps that take one webhook away."""
    alive = {each.id: each for each in there}
    return [Step(act="remove", name=hook.name, hook=hook), *_leftovers([hook], alive, set(), [])]


def _one(wanted: Wanted, hook: Hook | None, alive: dict[int, Webhook]) -> Step:
    name = wanted.name
    if hook is None:
        return Step(act="make", name=name, wanted=wanted)
    number = hook.number if hook.number in alive else None
    twins = [each.id for each in alive.values() if each.http_auth_user == hook.key]
    if number is None and twins:
        number = min(twins)
    if (hook.url, hook.action, hook.object, hook.user_id) != (
        wanted.url,
        wanted.action,
        wanted.object,
        wanted.user_id,
    ) or (number is not None and not _is_as_told(hook, alive[number])):
        return Step(act="replace", name=name, wanted=wanted, hook=hook)
    if number is None:
        act: Act = "make" if hook.number is None else "make again"
        return Step(act=act, name=name, wanted=wanted, hook=hook)
    return Step(act="keep" if number == hook.number else "adopt", name=name, hook=hook, number=number)


def _is_as_told(hook: Hook, seen: Webhook) -> bool:
    """Whether Pipedrive calls the address that we told it, about what we told it; answers may have older words."""
    return seen.subscription_url == hook.url and new_word(seen.event_action) == hook.action


def _unwanted(wanted: Sequence[Wanted], current: dict[str, Hook]) -> Iterator[Step]:
    names = {each.name for each in wanted}
    for name, hook in current.items():
        if name not in names:
            yield Step(act="remove", name=name, hook=hook)


def _leftovers(
    ours: Sequence[Hook],
    alive: dict[int, Webhook],
    kept: set[int],
    wanted: Sequence[Wanted],
) -> Iterator[Step]:
    """Predecessors, doubles of one webhook, and those to the same address whose credential is not in our books.

    The latter are another store's or another account's, which would make them anew if we deleted them; or a store of
    ours was lost, and only a person knows.
    """
    keys = {each.key: each for each in ours}
    addresses = {each.url for each in wanted}
    for hook in ours:
        if hook.until is not None:
            number = hook.number if hook.number in alive else None
            yield Step(act="clean", name=hook.name, hook=hook, number=number)
    for seen in alive.values():
        mine = keys.get(seen.http_auth_user or "")
        is_double = mine is not None and seen.id not in kept and seen.id != mine.number
        is_elsewhere = mine is None and (seen.http_auth_user or "").startswith(KEY_START)
        if is_double:
            yield Step(act="clean", name=seen.name or str(seen.id), number=seen.id)
        elif is_elsewhere and seen.subscription_url in addresses:
            yield Step(act="leave", name=seen.name or str(seen.id), number=seen.id)
