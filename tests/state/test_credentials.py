"""Credentials at rest: sealed, bound to their name, kept under a list of keys, and locked while they change."""

import json
import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from pipedrive_tools import Pipedrive
from pipedrive_tools.auth import ApiToken, OAuth
from pipedrive_tools.endpoints import account
from pipedrive_tools.errors import SettingsError, StoreError
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import credentials, logins, system_keyring
from pipedrive_tools.state.credentials import Credentials, GrantVault
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.memory import Memory
from pipedrive_tools.state.sealing import Seal, key_file
from pipedrive_tools.state.store import Store
from tests import canaries
from tests.logins import ACCOUNT, APP, STATE_KEY, a_grant, log_in, refreshes, sandbox_settings

TOKEN = "canary0123456789canary0123456789canary01"


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_keyring, "_working", lambda: None)  # the computer's own is not for tests


def new_key() -> str:
    return Fernet.generate_key().decode()


def flipped(sealed: bytes, bit: int) -> bytes:
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_secret_is_kept(store: Store) -> None:
    """What is put is there again, by its name, until it is removed."""
    sealed = Credentials(store, keys=STATE_KEY)
    sealed.put("token a", TOKEN)
    sealed.put("token b", "other")

    again = Credentials(store, keys=STATE_KEY)
    assert (again.get("token a"), again.get("token b"), again.get("token c")) == (TOKEN, "other", None)
    assert (again.has("token a"), again.has("token c")) == (True, False)
    assert (again.remove("token a"), again.remove("token a")) == (True, False)
    assert again.get("token a") is None


def test_a_grant_is_kept(store: Store) -> None:
    """A login comes back as it was put."""
    vault = GrantVault(Credentials(store, keys=STATE_KEY), store, "login x")
    grant = a_grant(3, scopes=frozenset({"base", "deals:full"}))
    assert vault.load() is None
    vault.save(grant)
    vault.begin()

    assert vault.load() == grant
    vault.forget()
    assert vault.load() is None


def test_no_secret_in_any_place(store: Store) -> None:
    """Neither rows nor write-ahead log nor what lies beside a file holds a token, plain or packed."""
    vault = GrantVault(Credentials(store, keys=STATE_KEY), store, "login x")
    grants = list(canaries.grants(300))
    for grant in grants:
        with vault.locked():
            vault.begin()
            vault.save(grant)
    secrets = [secret for grant in grants for secret in (grant.access_token, grant.refresh_token)]

    assert canaries.in_store(store, secrets) == []
    Memory(store, account="a", agent="a").keep("leak", f"?token={grants[7].access_token}")
    assert canaries.in_store(store, secrets) == [grants[7].access_token]


def test_every_flipped_bit_is_found() -> None:
    """No bit of a sealed secret can be changed unseen; sealed as text, some could."""
    seal = Seal(keys=new_key(), file=None)
    sealed = seal.close("n", TOKEN)
    for bit in range(len(sealed) * 8):
        with pytest.raises(StoreError, match="cannot be opened"):
            seal.open("n", flipped(sealed, bit))

    assert seal.open("n", sealed) == (TOKEN, True)
    fernet = Fernet(Fernet.generate_key())
    text = fernet.encrypt(b"x" * 60)
    assert any(_opens(fernet, flipped(text, bit)) for bit in range(len(text) * 8))


def _opens(fernet: Fernet, text: bytes) -> bool:
    try:
        return bool(fernet.decrypt(text))
    except Exception:  # noqa: BLE001  # whatever a damaged text brings
        return False


def test_a_secret_cannot_change_its_name(store: Store) -> None:
    """A row that is moved to another name does not open."""
    sealed = Credentials(store, keys=STATE_KEY)
    sealed.put("token a", TOKEN)
    with store.transaction(durable=True) as connection:
        connection.exec_driver_sql("UPDATE credentials SET name = 'token b'")

    with pytest.raises(StoreError, match="damaged"):
        sealed.get("token b")


def test_keys_are_rotated_by_list(store: Store) -> None:
    """A new key in front opens what the old one sealed, and seals it anew, so that the old one can go."""
    old, new = new_key(), new_key()
    Credentials(store, keys=old).put("t", TOKEN)
    with pytest.raises(StoreError, match="PIPEDRIVE_STATE_KEY is another one"):
        Credentials(store, keys=new).get("t")

    assert Credentials(store, keys=f"{new}, {old}").get("t") == TOKEN
    assert Credentials(store, keys=new).get("t") == TOKEN


def test_rotating_under_load(store: Store) -> None:
    """While keys change hands, no read fails and no write is lost."""
    keys = [new_key() for _ in range(4)]
    Credentials(store, keys=keys[0]).put("t", "0")

    def work(number: int) -> list[str | None]:
        sealed = Credentials(store, keys=",".join(keys[number % 3 :: -1] + keys[number % 3 + 1 :]))
        return [sealed.get("t") for _ in range(20)]

    with ThreadPoolExecutor(6) as pool:
        assert {found for each in pool.map(work, range(6)) for found in each} == {"0"}


@pytest.mark.sqlite_only("a key lies beside a file only")
def test_a_key_file_gives_way_to_a_named_key(store: Store, tmp_path: Path) -> None:
    """Whoever names a key later still opens what the file's key sealed."""
    Credentials(store, keys=None).put("t", TOKEN)
    key = new_key()

    assert Credentials(store, keys=key).get("t") == TOKEN
    key_file(tmp_path / "state.db").unlink()
    assert Credentials(store, keys=key).get("t") == TOKEN


@pytest.mark.sqlite_only("a key lies beside a file only")
def test_the_key_file(store: Store, tmp_path: Path) -> None:
    """Made once, readable for its owner only; one that others can read is refused."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Credentials(store, keys=None).put(f"t{n}", TOKEN), range(8)))
    file = key_file(tmp_path / "state.db")

    assert [Credentials(store, keys=None).get(f"t{n}") for n in range(8)] == [TOKEN] * 8
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("*.key*")] == ["state.db.key"]
    file.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        Credentials(store, keys=None).get("t1")


@pytest.mark.parametrize(
    "keys", ["x", "c2hvcnQ=", f"{Fernet.generate_key().decode()},broken"], ids=["word", "short", "second"]
)
def test_a_wrong_state_key(keys: str, store: Store) -> None:
    """A key that is none is one line that says how to make one, and does not show it."""
    with pytest.raises(StoreError, match="generate_key") as caught:
        Credentials(store, keys=keys).put("t", TOKEN)

    assert keys not in str(caught.value)


def test_a_login_of_a_later_version(store: Store) -> None:
    """What cannot be read is said, and not shown."""
    sealed = Credentials(store, keys=STATE_KEY)
    sealed.put("login x", json.dumps({"access_token": TOKEN}))
    with pytest.raises(StoreError, match="log in again") as caught:
        GrantVault(sealed, store, "login x").load()

    assert TOKEN not in str(caught.value) + repr(caught.value.__context__)


def test_a_store_of_a_later_version(store_url: str) -> None:
    """A newer store is refused in one line, and its login stays what it is."""
    settings = replace(APP, state=store_url, state_key=STATE_KEY)
    with closing(Store(store_url)) as store:
        Logins(settings, store).vault(ACCOUNT).save(a_grant())
        with _of_version(store, "99"), pytest.raises(StoreError, match="newer pipedrive-tools"):
            Pipedrive(settings=settings)


@contextmanager
def _of_version(store: Store, number: str) -> Iterator[None]:
    """A store that says so for a while."""
    set_number = text("UPDATE alembic_version SET version_num = :number")
    with store.transaction(durable=True) as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(set_number, {"number": number})
    try:
        yield
    finally:
        with store.transaction(durable=True) as connection:
            connection.execute(set_number, {"number": before})


def test_the_lock_is_for_one(store: Store, tmp_path: Path) -> None:
    """Two vaults of one process, and another process, change the login one after the other."""
    first = GrantVault(Credentials(store, keys=STATE_KEY), store, "login x")
    second = GrantVault(Credentials(store, keys=STATE_KEY), store, "login x")
    seen: list[str] = []

    def wait() -> None:
        with second.locked():
            seen.append("second")

    with first.locked():
        thread = threading.Thread(target=wait)
        thread.start()
        child = multiprocessing.get_context("spawn").Process(
            target=_lock_and_note, args=(store.url, str(tmp_path / "note"))
        )
        child.start()
        time.sleep(1.5)
        assert not seen
        assert not (tmp_path / "note").exists()
    thread.join()
    child.join(30)

    assert seen == ["second"]
    assert (tmp_path / "note").read_text() == "third"


def _lock_and_note(url: str, note: str) -> None:
    store = Store(url)
    with GrantVault(Credentials(store, keys=STATE_KEY), store, "login x").locked():
        Path(note).write_text("third")
    store.close()


@pytest.mark.sqlite_only(
    "the lock is a file that another program holds; test_a_lock_in_the_database is for both"
)
def test_a_lock_that_nobody_gives_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is one line, and nothing hangs."""
    monkeypatch.setattr(credentials, "LOCK_SECONDS", 0.1)
    vault = GrantVault(Credentials(store, keys=STATE_KEY), store, "login x")
    held = sqlite3.connect(f"{store.path}.lock", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreError, match="the login cannot be changed"), vault.locked():
        pass
    held.close()
    with vault.locked():
        pass


def test_order_of_credentials(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, then a login, then the keyring, then the store; each is for one address."""
    settings = replace(APP, state_key=STATE_KEY, state=store.url, company_domain="acme")
    found = Logins(settings, store)
    with pytest.raises(SettingsError, match="pipedrive-tools login"):
        found.found()
    assert found.keep_token(TOKEN) == "store"
    assert _source(settings, store) == "store"
    monkeypatch.setattr(system_keyring, "get", lambda address: TOKEN if "acme" in address else None)
    assert _source(settings, store) == "keyring"
    found.vault(ACCOUNT).save(a_grant())
    assert _source(settings, store) == "login"
    assert isinstance(found.found().credential, OAuth)
    named = replace(settings, api_token=TOKEN)
    assert _source(named, store) == "environment"
    assert isinstance(Logins(named, store).found().credential, ApiToken)
    assert Logins(named, store).sources() == ["environment", "login", "keyring", "store"]

    with pytest.raises(SettingsError):
        Logins(replace(settings, company_domain="other"), store).found()


def _source(settings: Settings, store: Store) -> str:
    return Logins(settings, store).found().source


class Ring:
    """A keyring in memory, or one that fails."""

    def __init__(self, *, works: bool = True) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.works = works

    def set_password(self, service: str, name: str, password: str) -> None:
        self._may()
        self.kept[service, name] = password

    def get_password(self, service: str, name: str) -> str | None:
        self._may()
        return self.kept.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        self._may()
        del self.kept[service, name]

    def _may(self) -> None:
        if not self.works:
            raise RuntimeError(f"locked {TOKEN}")


def test_a_keyring(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one, an API token is kept there, and the sealed one goes."""
    found = Logins(replace(APP, state_key=STATE_KEY, state=store.url), store)
    found.keep_token("before")
    ring = Ring()
    monkeypatch.setattr(system_keyring, "_working", lambda: ring)

    assert found.keep_token(TOKEN) == "keyring"
    assert found.sources() == ["keyring"]
    assert ring.kept == {("pipedrive-tools", "https://api.pipedrive.com"): TOKEN}
    assert (found.forget_keyring_token(), found.forget_keyring_token()) == (True, False)
    assert found.sources() == []


def test_a_broken_keyring(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails loses nothing: the token is sealed instead; without one, one line says what to do."""
    found = Logins(replace(APP, state_key=STATE_KEY, state=store.url), store)
    monkeypatch.setattr(system_keyring, "_working", lambda: Ring(works=False))
    with pytest.raises(StoreError, match="the keyring of this computer does not work") as caught:
        found.found()
    with pytest.raises(StoreError):
        found.forget_keyring_token()

    assert TOKEN not in str(caught.value)
    assert found.keep_token(TOKEN) == "store"
    assert found.found().source == "store"
    assert found.sources() == ["store"]


@pytest.mark.sqlite_only("a file would be made")
def test_no_store_is_made_to_look_into(tmp_path: Path) -> None:
    """A client without any credential leaves no file behind."""
    with (
        pytest.raises(SettingsError, match="no Pipedrive credential found"),
        logins.found(Settings(state=f"sqlite:///{tmp_path / 'state.db'}")),
    ):
        pass

    assert list(tmp_path.iterdir()) == []


def test_processes_refresh_once(sandbox: Sandbox, store_url: str) -> None:
    """Three processes with four threads each, a rotation without grace: one refresh for each expiry."""
    sandbox.switch(refresh_rotation="new", access_token_on_refresh="dies")
    settings = sandbox_settings(sandbox, store_url)
    log_in(settings)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(4)
    children = [context.Process(target=_call, args=(settings, barrier, 3)) for _ in range(3)]
    for child in children:
        child.start()
    for _ in range(3):
        barrier.wait(60)
        sandbox.expire()
        barrier.wait(60)
    for child in children:
        child.join(60)

    assert [child.exitcode for child in children] == [0, 0, 0]
    assert refreshes(sandbox.log()) == [200] * 3


def _call(settings: Settings, barrier: "threading.Barrier", rounds: int) -> None:
    with Pipedrive(settings=settings) as client, ThreadPoolExecutor(4) as pool:
        client.send(account.get_current_user())
        for _ in range(rounds):
            barrier.wait(60)
            barrier.wait(60)
            list(pool.map(lambda _n: client.send(account.get_current_user()), range(8)))


def test_flipped_bits_in_the_store(store: Store) -> None:
    """A store whose sealed bytes were changed says so, wherever that was."""
    sealed = Credentials(store, keys=STATE_KEY)
    sealed.put("t", TOKEN)
    random = Random(4)
    with store.transaction(durable=False) as connection:
        whole = connection.exec_driver_sql("SELECT sealed FROM credentials").scalar_one()
    for bit in random.sample(range(len(whole) * 8), 50):
        with store.transaction(durable=True) as connection:
            connection.execute(text("UPDATE credentials SET sealed = :bytes"), {"bytes": flipped(whole, bit)})
        with pytest.raises(StoreError):
            sealed.get("t")


def test_a_lock_in_the_database(store_url: str) -> None:
    """On each engine one holder at a time changes a login, and the next one goes on when it is done or gone."""
    one, other = Store(store_url), Store(store_url)
    went: list[str] = []

    def wait() -> None:
        with other.driver.held("login a", 20):
            went.append("other")

    with one.driver.held("login a", 20):
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.3)
        went.append("one")
    thread.join()
    assert went == ["one", "other"]

    if one.driver.is_shared:  # threads of one process wait for each other without end beside a file
        with one.driver.held("login a", 20), pytest.raises(StoreError), other.driver.held("login a", 0.2):
            pass
    one.close()
    other.close()
