"""Webhooks in the store: one current per name, credentials sealed, successors with an overlap, one maker at a time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state.hooks import Hook, Hooks
from pipedrive_tools.state.store import Store
from tests import canaries
from tests.logins import STATE_KEY

ADDRESS = "https://acme.pipedrive.com"
DEALS = {"url": "https://hooks.example/deals", "action": "*", "object": "deal"}


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hooks(store: Store, clock: Clock) -> Hooks:
    return Hooks(store, ADDRESS, keys=STATE_KEY, now=clock)


def planned(hooks: Hooks, name: str = "deals") -> Hook:
    found = hooks.plan(name, **DEALS)
    assert found is not None
    return found


def users(hooks: Hooks) -> list[str]:
    return [each.secret.decode().partition(":")[0] for each in hooks.live()]


def test_a_planned_hook_counts_at_once(hooks: Hooks) -> None:
    """What Pipedrive sends while it makes a webhook is taken already."""
    hook = planned(hooks)

    assert (hook.number, hook.until) == (None, None)
    assert hooks.all() == [hook]
    assert [(each.name, each.secret) for each in hooks.live()] == [
        ("deals", f"{hook.key}:{hooks.password(hook)}".encode())
    ]


def test_a_name_has_one_current_hook(hooks: Hooks, store: Store) -> None:
    """A second webhook of a name is not planned, however many try at once; another account has names of its own."""
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: Hooks(store, ADDRESS, keys=STATE_KEY).plan("deals", **DEALS), range(32))
        )

    assert len([hook for hook in made if hook]) == 1
    assert len(hooks.all()) == 1
    assert Hooks(store, "https://other.pipedrive.com", keys=STATE_KEY).plan("deals", **DEALS)


def test_credentials_differ(hooks: Hooks) -> None:
    """Each webhook has a password of its own, of 256 bits."""
    passwords = {hooks.password(planned(hooks, f"h{n}")) for n in range(20)}

    assert len(passwords) == 20
    assert all(len(each) == 43 for each in passwords)


def test_nothing_is_in_clear(hooks: Hooks, store: Store) -> None:
    """No password is readable in the store, nor in what is printed of a webhook or of a credential."""
    hook = planned(hooks)
    password = hooks.password(hook)

    assert canaries.in_store(store, [password, hook.key]) == [hook.key]  # which is no secret
    assert password not in repr((hook, hooks.all(), hooks.live()))


def test_a_swapped_credential_is_refused(hooks: Hooks, store: Store) -> None:
    """A sealed password that was moved to another webhook does not open."""
    first, second = planned(hooks, "a"), planned(hooks, "b")
    with store.hot(durable=True) as connection:
        connection.execute(
            "UPDATE hooks SET sealed = (SELECT sealed FROM hooks WHERE key = ?) WHERE key = ?",
            (first.key, second.key),
        )

    with pytest.raises(StoreError, match="cannot be opened"):
        hooks.password(second)


def test_a_successor(hooks: Hooks, clock: Clock) -> None:
    """A successor has another credential; the old one counts while Pipedrive may call, and a while longer."""
    old = planned(hooks)
    hooks.made(old, 31)
    new = hooks.renew(old, overlap_seconds=600)
    assert new is not None

    assert (new.key != old.key, hooks.password(new) != hooks.password(old)) == (True, True)
    assert hooks.current() == {"deals": new}
    assert users(hooks) == [new.key, old.key]
    clock.seconds += 6000
    assert users(hooks) == [new.key, old.key]
    hooks.ended(old, overlap_seconds=600)
    assert users(hooks) == [new.key, old.key]
    clock.seconds += 601
    assert users(hooks) == [new.key]
    hooks.tidy(hooks.all()[0])
    assert hooks.all() == [new]


def test_a_successor_that_did_not_come_about(hooks: Hooks) -> None:
    """Where Pipedrive refuses the successor, the old one is current as before."""
    old = planned(hooks)
    new = hooks.renew(old, overlap_seconds=600, action="create")
    assert new is not None
    assert (new.action, new.url) == ("create", old.url)
    hooks.take_back(old, new)

    assert hooks.all() == [old]


def test_one_successor(hooks: Hooks) -> None:
    """Of two that renew one webhook at once, one does."""
    old = planned(hooks)

    assert hooks.renew(old, overlap_seconds=600)
    assert hooks.renew(old, overlap_seconds=600) is None
    assert len(hooks.current()) == 1


def test_one_maker(hooks: Hooks, clock: Clock) -> None:
    """One process at a time may make a webhook; one that died hands the right on when its time is over."""
    hook = planned(hooks)

    assert hooks.claim(hook, seconds=60)
    assert not hooks.claim(hook, seconds=60)
    clock.seconds += 60
    assert hooks.claim(hook, seconds=60)
    hooks.made(hook, 31)
    clock.seconds += 600
    assert not hooks.claim(hook, seconds=60)
    hooks.lost(hook)  # as it was before somebody made it: nothing is lost
    assert not hooks.claim(hook, seconds=60)
    hooks.lost(hooks.all()[0])
    assert hooks.claim(hook, seconds=60)


def test_the_end(hooks: Hooks, clock: Clock) -> None:
    """A credential that is withdrawn counts for its overlap; what is forgotten is gone, and says so."""
    hook = planned(hooks)
    hooks.ended(hook, overlap_seconds=600)
    assert users(hooks) == [hook.key]
    clock.seconds += 601
    assert users(hooks) == []
    hooks.forget(hook)

    assert hooks.all() == []
    with pytest.raises(StoreError, match="not in the store any more"):
        hooks.password(hook)
