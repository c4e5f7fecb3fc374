"""OAuth that never races and never leaks: many processes, kills, forged answers, canaries, flipped bits."""

import io
import logging
import multiprocessing
import re
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
from cryptography.fernet import Fernet

from pipedrive_tools import Pipedrive
from pipedrive_tools.auth import App, OAuth
from pipedrive_tools.endpoints import account
from pipedrive_tools.errors import PipedriveToolsError, ReauthorizationError, StoreError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.ports import drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.state.credentials import Credentials, GrantVault
from pipedrive_tools.state.logins import Logins
from pipedrive_tools.state.sealing import Seal
from pipedrive_tools.state.store import Store
from pipedrive_tools.testing import FakePort, response
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.wire import Request, Response
from tests import canaries
from tests.forgeries import api_domains, callbacks, careless, is_refused
from tests.logins import ACCOUNT, APP, app_of, log_in, refreshes
from tests.torture import strace
from tests.torture.far_side import FarSide
from tests.torture.figures import Figure
from tests.torture.kill_at_every_step import alone

PROCESSES: Final = 8
CALLERS: Final = 16
EXPIRIES: Final = 200
ROUND_SECONDS: Final = 120.0
NO_GRACE: Final[dict[str, Any]] = {"refresh_rotation": "new", "access_token_on_refresh": "dies"}


@dataclass(frozen=True)
class Raced:
    """What came of many callers that met expired tokens together."""

    refreshes: list[int]
    """Status of each."""
    failed_calls: int
    calls: int


def race(*, processes: int, callers: int, expiries: int, locked: bool = True, state: str = "") -> Raced:
    """Let every caller of every process meet every expiry at the same moment."""
    context = multiprocessing.get_context("spawn")
    with FarSide(**NO_GRACE) as far, tempfile.TemporaryDirectory() as folder:
        key = Fernet.generate_key().decode()
        settings = app_of(far.url, state=state or f"sqlite:///{folder}/state.db", state_key=key)
        log_in(settings)
        barrier, failed = context.Barrier(processes + 1), context.Value("i", 0)
        lives = [
            context.Process(target=_caller, args=(settings, barrier, failed, callers, expiries, locked))
            for _ in range(processes)
        ]
        for life in lives:
            life.start()
        for _ in range(expiries):
            barrier.wait(ROUND_SECONDS)
            httpx.post(f"{far.url}/_sandbox/expire").raise_for_status()
            barrier.wait(ROUND_SECONDS)
        for life in lives:
            life.join(ROUND_SECONDS)
        ended = sum(life.exitcode != 0 for life in lives)
        return Raced(refreshes(far.log()), failed.value + ended, processes * callers * expiries)


def _caller(
    settings: Settings, barrier: "threading.Barrier", failed: Any, callers: int, expiries: int, locked: bool
) -> None:
    if not locked:
        GrantVault.locked = lambda _self: nullcontext()  # type: ignore[method-assign,assignment,return-value]  # the counter-test
    with Pipedrive(settings=settings) as client, ThreadPoolExecutor(callers) as pool:

        def call(_number: int) -> bool:
            try:
                client.send(account.get_current_user())
            except PipedriveToolsError:
                return False
            return True

        call(0)
        for _ in range(expiries):
            barrier.wait(ROUND_SECONDS)
            barrier.wait(ROUND_SECONDS)
            lost = callers - sum(pool.map(call, range(callers)))
            with failed.get_lock():
                failed.value += lost


@dataclass(frozen=True)
class Killed:
    """A refresh that was killed at a system call, and what the next process found."""

    place: str
    stored: str
    """`old`, `new` or `neither`."""
    then: str
    """What its own refresh came to: `refreshed` or `log in again`."""
    tries: int
    """Requests that took."""


def kills(rotation: str, *, every: int = 1) -> Iterator[Killed]:
    """Kill a refresh at each system call that it makes, or at every so many-th."""
    with (
        FarSide(refresh_rotation=rotation, access_token_on_refresh="dies") as far,
        tempfile.TemporaryDirectory() as folder,
    ):
        places = _system_calls(far, Path(folder))
        for number, place in enumerate(places[::every]):
            killed = _kill(far, Path(tempfile.mkdtemp(dir=folder)), place)
            if killed:
                yield killed
            if number % 50 == 0:
                print(f"   {rotation}: {number} of {len(places[::every])} points", flush=True)


def _system_calls(far: FarSide, folder: Path) -> list[tuple[str, int]]:
    """The system calls of one refresh, each with its number among its like, in their order."""
    settings = app_of(far.url, state=f"sqlite:///{folder}/state.db")
    alone(lambda: log_in(settings) and None)
    whole = strace.traced(lambda: _refresh(settings), syscalls=["all"], output=folder / "trace")
    seen: Counter[str] = Counter()
    places = []
    for name in re.findall(r"^\d+\s+(\w+)\(", whole.trace, re.MULTILINE):
        seen[name] += 1
        places.append((name, seen[name]))
    return [place for place in places if place[0] not in {"exit", "exit_group", "restart_syscall"}]


def _kill(far: FarSide, folder: Path, place: tuple[str, int]) -> Killed | None:
    """One refresh that dies at a place, and what comes after it."""
    settings = app_of(far.url, state=f"sqlite:///{folder}/state.db")
    told = folder / "told"
    alone(lambda: told.write_text(log_in(settings).refresh_token) and None)
    old = told.read_text()
    ended = strace.traced(
        lambda: _refresh(settings),
        syscalls=[place[0]],
        inject=[f"{place[0]}:signal=SIGKILL:when={place[1]}"],
        output=folder / "trace",
    )
    if not ended.was_killed:
        return None
    before = len(refreshes(far.log()))
    alone(lambda: told.write_text(_found(settings, old)) and None)
    stored, then = told.read_text().split(",")
    return Killed(" ".join(map(str, place)), stored, then, len(refreshes(far.log())) - before)


def _refresh(settings: Settings) -> Any:
    """A refresh that is ready to begin."""
    vault = Logins(settings, Store(settings.state)).vault(ACCOUNT)
    credential = OAuth(App.of(settings), vault)
    seen = drive(credential.headers(FakePort()))
    return lambda: drive(credential.renewed(FakePort(), seen))


def _found(settings: Settings, old: str) -> str:
    """What a new process finds in the store, and whether it can go on from there."""
    try:
        vault = Logins(settings, Store(settings.state)).vault(ACCOUNT)
        stored = vault.load()
    except StoreError:
        stored = None
    if stored is None:
        return "neither,log in again"
    what = "old" if stored.refresh_token == old else "new"
    try:
        _refresh(settings)()
    except ReauthorizationError:
        return f"{what},log in again"
    return f"{what},refreshed"


def echoing(request: Request) -> Response:
    """A server that says every secret it heard in its refusal."""
    return response({"error": "invalid_grant", "message": f"{request.body!r} {dict(request.headers)}"}, 400)


def broken(request: Request) -> Response:
    """A server whose answer holds secrets and cannot be read."""
    return response({"access_token": request.body, "refresh_token": dict(request.headers), "expires_in": "x"})


def lost(request: Request) -> Response:
    """A defect in between that carries the request."""
    raise RuntimeError(repr(vars(request)) if request.path == "" else "lost")


def leaks(count: int) -> tuple[int, int]:
    """Canaries found in errors, tracebacks, reprs, logs and files; and in a sink that is known to leak."""
    grants = list(canaries.grants(count // 2))
    secrets = [secret for grant in grants for secret in (grant.access_token, grant.refresh_token)]
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    said: list[str] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(f"sqlite:///{folder}/state.db")
            vault = GrantVault(Credentials(store, keys=None), store, "login x")
            for number, grant in enumerate(grants):
                vault.save(replace(grant, expires=1.0))
                said += _said(OAuth(App.of(APP, (echoing, broken, lost)[number % 3]), vault), vault)
            found = canaries.in_files(Path(folder), secrets)
            (Path(folder) / "leak").write_text("\n".join(secrets))
            teeth = canaries.in_files(Path(folder), secrets)
            store.close()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    text = "\n".join([*said, logged.getvalue()])
    return len(set(found) | {secret for secret in secrets if secret in text}), len(teeth)


def _said(credential: OAuth, vault: GrantVault) -> Iterator[str]:
    yield repr(credential) + repr(vault) + repr(credential._app) + repr(credential._grant) + str(vault.load())
    try:
        drive(credential.headers(FakePort()))
    except Exception as error:  # noqa: BLE001  # whatever it is, it may be logged
        yield "".join(traceback.format_exception(error)) + repr(error) + repr(error.__context__)


def tool_leaks(rounds: int) -> tuple[int, int]:
    """Tokens of a real login found in results, audit trail, files and the sandbox's log; and in a file that leaks."""
    with FarSide(refresh_rotation="new") as far, tempfile.TemporaryDirectory() as folder:
        settings = app_of(far.url, state=f"sqlite:///{folder}/state.db")
        grant = log_in(settings)
        secrets, said = [grant.access_token, grant.refresh_token], []
        with Toolset.connect("a", Policy.full("a"), settings=settings) as toolset:
            for number in range(rounds):
                httpx.post(f"{far.url}/_sandbox/expire").raise_for_status()
                result = toolset.call("create_note", {"content": f"note {number}", "deal_id": number % 3})
                said.append(repr(result) + repr(toolset.trail()))
            store = Store(settings.state)
            now = Logins(settings, store).vault(ACCOUNT).load()
            store.close()
        if now:
            secrets += [now.access_token, now.refresh_token]
        text = "\n".join([*said, *(str(entry) for entry in far.log())])
        found = set(canaries.in_files(Path(folder), secrets)) | {each for each in secrets if each in text}
        (Path(folder) / "leak").write_text("\n".join(secrets))
        return len(found), len(canaries.in_files(Path(folder), secrets))


def flips(count: int) -> tuple[int, int]:
    """Flipped bits that went unseen: of sealed secrets, and of the same sealed without us."""
    random, key = Random(4), Fernet.generate_key()
    seal, bare = Seal(keys=key.decode(), file=None), Fernet(key)
    unseen = counter = 0
    for number in range(count):
        secret = "s" * random.randrange(1, 900)
        sealed = bytearray(seal.close("n", secret))
        bit = random.randrange(len(sealed) * 8)
        sealed[bit // 8] ^= 1 << bit % 8
        try:
            seal.open("n", bytes(sealed))
            unseen += 1
        except StoreError:
            pass
        if number < 1:
            counter = sum(_opens(bare, bare.encrypt(b"x" * 60), bit) for bit in range(1312))
    return unseen, counter


def _opens(fernet: Fernet, text: bytes, bit: int) -> bool:
    changed = bytearray(text)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        return bool(fernet.decrypt(bytes(changed)))
    except Exception:  # noqa: BLE001  # whatever a damaged text brings
        return False


def run() -> Iterator[Figure]:
    """The whole proof."""
    yield from _races()
    yield from _kills()
    yield from _forgeries()
    yield from _canaries()


def _races() -> Iterator[Figure]:
    free = race(processes=2, callers=8, expiries=10, locked=False)
    extra = len(free.refreshes) - 10
    told = f"without the lock between processes, 10 expiries made {len(free.refreshes)} refreshes"
    raced = race(processes=PROCESSES, callers=CALLERS, expiries=EXPIRIES)
    name = f"{PROCESSES} processes with {CALLERS} callers, {EXPIRIES} expiries: "
    count = len(raced.refreshes)
    yield Figure(
        name=name + "refreshes", value=count, bar=f"== {EXPIRIES}", holds=count == EXPIRIES and extra > 0,
        counter_test=told,
    )  # fmt: skip
    refused = sum(status != 200 for status in raced.refreshes)
    for what, value, tries in (
        ("invalid_grant", refused, count),
        ("failed calls", raced.failed_calls, raced.calls),
    ):
        yield Figure.none_of(name + what, value, tries=tries, counter_test=told, has_teeth=extra > 0)


def _kills() -> Iterator[Figure]:
    if not strace.is_there():
        print(f"   {strace.MISSING}", file=sys.stderr)
        yield Figure(name="a refresh killed at every system call: strace", value=0, bar="== 1", holds=False)
        return
    for rotation in ("grace", "new"):
        found = list(kills(rotation))
        where = Counter((each.stored, each.then) for each in found)
        told = ", ".join(f"{stored} and {then}: {count}" for (stored, then), count in where.most_common())
        print(f"   {rotation}: {len(found)} points; {told}")
        name = f"a refresh killed at every system call, rotation {rotation}: "
        teeth = {"old", "new"} <= {each.stored for each in found}
        neither = sum(each.stored == "neither" for each in found)
        yield Figure.none_of(
            name + "neither old nor new", neither, tries=len(found), counter_test=told, has_teeth=teeth
        )
        stuck = sum(each.tries != 1 or (rotation == "grace" and each.then != "refreshed") for each in found)
        yield Figure.none_of(
            name + "not settled in one request", stuck, tries=len(found), counter_test=told, has_teeth=teeth
        )


def _forgeries() -> Iterator[Figure]:
    tried = list(islice(callbacks(Random(1)), 10_000))
    taken = sum(each.was_accepted or each.codes_sent > 0 for each in tried)
    kinds = Counter(each.kind for each in tried)
    yield Figure.none_of(
        "forged, replayed, expired, foreign callbacks accepted", taken, tries=len(tried),
        counter_test=f"kinds: {dict(kinds)}; the true answer is accepted once", has_teeth=len(kinds) == 5,
    )  # fmt: skip
    addresses = list(islice(api_domains(Random(1)), 500))
    passed = sum(not is_refused(address) for address in addresses)
    slips = sum(not careless(address) for address in addresses)
    yield Figure.none_of(
        "foreign api_domain accepted", passed, tries=len(addresses),
        counter_test=f"a check of the ending alone lets {slips} pass", has_teeth=slips > 0,
    )  # fmt: skip


def _canaries() -> Iterator[Figure]:
    found, teeth = leaks(10_000)
    yield Figure.none_of(
        "canary credentials in files, errors, tracebacks, reprs, logs", found, tries=10_000,
        counter_test=f"of a file that leaks them {teeth} are found", has_teeth=teeth == 10_000,
    )  # fmt: skip
    found, secrets = tool_leaks(20)
    yield Figure.none_of(
        "tokens of a login in tool results, audit, store and the sandbox's log", found, tries=secrets * 20,
        counter_test=f"of a file that leaks them {secrets} of 4 are found", has_teeth=secrets == 4,
    )  # fmt: skip
    unseen, counter = flips(2000)
    yield Figure.none_of(
        "flipped bits unseen", unseen, tries=2000,
        counter_test=f"sealed as text, {counter} bits of one secret can be flipped unseen", has_teeth=counter > 0,
    )  # fmt: skip
