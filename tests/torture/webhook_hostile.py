"""Two hundred connections with huge, endless and trickled bodies: what they cost the receiver, and what they get.

Half of them show our credential, half do not. The receiver is a process of its own; its memory is read from outside.
"""

import logging
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final

import httpx

from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.state.store import Store
from pipedrive_tools.webhooks.intake import Intake
from pipedrive_tools.webhooks.receiver import Credential, Receiver
from tests.servers import free_port
from tests.torture.figures import Figure
from tests.torture.lives import ended, fork
from tests.torture.webhook_lives import ACCOUNT, BASIC, HEADERS, PATH, Plan, Stage, body, known

_UNCAUGHT: Final = re.compile(r"Traceback|Exception in ASGI application \[")
"""What a server writes of one, or the log of a command, which is a line."""
CONNECTIONS: Final = 200
SECONDS: Final = 12.0
HUGE: Final = 100_000_000
TEETH_CONNECTIONS: Final = 20
TEETH_SECONDS: Final = 1.0
MEMORY_BYTES: Final = 64 * 1024 * 1024

Attack = Callable[[socket.socket, str], None]


def _head(credential: str, *headers: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "host: here", "content-type: application/json", *headers]
    return "\r\n".join([*lines, *([f"authorization: {credential}"] if credential else []), "", ""]).encode()


def huge(connection: socket.socket, credential: str) -> None:
    """A body of 100 MB that is announced."""
    connection.sendall(_head(credential, f"content-length: {HUGE}"))
    for _ in range(HUGE // 65536):
        connection.sendall(b"x" * 65536)


def endless(connection: socket.socket, credential: str) -> None:
    """A body that says nothing of its length and does not end."""
    connection.sendall(_head(credential, "transfer-encoding: chunked"))
    for _ in range(HUGE // 65536):
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def trickled(connection: socket.socket, credential: str) -> None:
    """A body that comes byte by byte."""
    connection.sendall(_head(credential, "content-length: 100000"))
    for _ in range(100_000):
        connection.sendall(b"{")
        time.sleep(0.2)


def trickled_head(connection: socket.socket, credential: str) -> None:
    """A head that comes byte by byte, and never ends."""
    connection.sendall(b"POST / HTTP/1.1\r\nx: ")
    for _ in range(100_000):
        connection.sendall(b"y")
        time.sleep(0.2)


def nonsense(connection: socket.socket, credential: str) -> None:
    """No HTTP at all."""
    connection.sendall(os.urandom(4096))


ATTACKS: Final[tuple[Attack, ...]] = (huge, endless, trickled, trickled_head, nonsense)


def attack(port: int, place: int, until: float, seen: Counter[str]) -> None:
    """One connection after the other, until the time is over."""
    act, credential = ATTACKS[place % len(ATTACKS)], BASIC if place % 2 else ""
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            worker = Thread(target=_quietly, args=(act, connection, credential), daemon=True)
            worker.start()
            connection.settimeout(max(0.1, until - time.monotonic()) + 15)
            answer = connection.recv(100)
            seen[f"{act.__name__}: {answer[9:12].decode('latin-1') or 'closed'}"] += 1
        time.sleep(0.05)


def _quietly(act: Attack, connection: socket.socket, credential: str) -> None:
    with suppress(OSError):
        act(connection, credential)


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def careless(shown: str | None) -> str | None:
    """The counter-test: a check as it is usually written, which fails where nothing is shown."""
    return known(f"Basic {str.split(shown, ' ')[1]}")  # type: ignore[arg-type]  # that is the mistake


def besieged(
    connections: int, seconds: float, *, check: Credential = known
) -> tuple[int, Counter[str], int, int, str]:
    """Growth of memory at its worst, answers, events taken meanwhile and tried, and what the receiver complained of."""
    with tempfile.TemporaryDirectory() as name:
        stage = Stage(
            folder=Path(name),
            port=free_port(),
            plan=Plan(events=1, kills=0),
            settings=None,  # type: ignore[arg-type]  # nothing is written into Pipedrive here
            policy=Policy(agents={}),
            agent="",
        )

        def life() -> None:
            sys.stderr = (stage.folder / "complaints").open("w", buffering=1, encoding="utf-8")
            os.dup2(sys.stderr.fileno(), 2)
            logging.basicConfig(stream=sys.stderr, force=True)  # whoever else listens here, pytest among them
            stage.serve(Receiver(Intake(Store(stage.inbox_url, tidies_itself=False), ACCOUNT), check))

        receiver = fork(life)
        try:
            return *_siege(stage, receiver, connections, seconds), (stage.folder / "complaints").read_text()
        finally:
            os.kill(receiver, signal.SIGKILL)
            ended(receiver, wait=True)


def _siege(
    stage: Stage, receiver: int, connections: int, seconds: float
) -> tuple[int, Counter[str], int, int]:
    url, taken, tried, worst = f"http://127.0.0.1:{stage.port}{PATH}", 0, 0, 0
    with httpx.Client(trust_env=False, timeout=30) as client:

        def deliver(number: int) -> bool:
            with suppress(httpx.HTTPError):
                return client.post(url, content=body(number), headers=HEADERS).status_code == 204
            return False

        while not deliver(0):
            time.sleep(0.1)
        for number in range(200):
            deliver(number)
        calm, until, seen = memory(receiver), time.monotonic() + seconds, Counter[str]()
        attackers = [
            Thread(target=attack, args=(stage.port, place, until, seen), daemon=True)
            for place in range(connections)
        ]
        for each in attackers:
            each.start()
        while time.monotonic() < until:
            tried += 1
            taken += deliver(1_000 + tried)
            worst = max(worst, memory(receiver) - calm)
            time.sleep(0.1)
        for each in attackers:
            each.join(20)
        worst = max(worst, memory(receiver) - calm)
        assert deliver(2_000_000), "the receiver is there afterwards"
    return worst, seen, taken, tried


def run(connections: int = CONNECTIONS, seconds: float = SECONDS) -> Iterable[Figure]:
    """The figures of one siege."""
    worst, seen, taken, tried, complaints = besieged(connections, seconds)
    *_, planted = besieged(TEETH_CONNECTIONS, TEETH_SECONDS, check=careless)
    print(f"   {dict(sorted(seen.items()))}; {taken} of {tried} events taken meanwhile", flush=True)
    yield Figure(f"memory growth under {connections} hostile connections, bytes", worst, f"<= {MEMORY_BYTES}")
    yield Figure.none_of(
        "uncaught exceptions",
        len(_UNCAUGHT.findall(complaints)),
        tries=sum(seen.values()),
        counter_test=f"{len(_UNCAUGHT.findall(planted))} of a receiver whose check fails where nothing is shown",
        has_teeth=sum(seen.values()) > 0 and _UNCAUGHT.search(planted) is not None,
    )
    yield Figure("events not taken meanwhile", tried - taken, "== 0", tries=tried, holds=taken == tried)
