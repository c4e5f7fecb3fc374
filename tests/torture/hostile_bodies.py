"""Bodies and headers that nobody should send: real events bent by chance, and things that parsers choke on."""

import json
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any, Final

from tests.webhooks.bodies import VERSION_1, event

Headers = list[tuple[bytes, bytes]]

CUSTOM: Final = {
    "a1": {"type": "monetary", "value": 1.5, "currency": "EUR"},
    "b2": {"type": "set", "values": [{"id": 1}]},
    "c3": {"type": "timerange", "from": "09:00:00", "until": "10:00:00", "timezone_id": 1},
    "d4": None,
}
WHOLE: Final[list[Any]] = [
    event(),
    event("create"),
    event("delete", merged_to_id="7"),
    event(data={"id": 412, "custom_fields": CUSTOM, "update_time": "2026-08-18 09:30:00"}),
    VERSION_1,
]
NASTY: Final[list[Any]] = [
    None, True, False, 0, -1, 2**63, -(2**64), 10**400, 1e308, -0.0, "", "0", "\x00", "\u202e", "x" * 10_000,
    "\ud7ff\ue000", "2026-13-45T99:99:99Z", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00-14:00", 10**12, 10**18,
    "P1D", [], {}, [[]], {"": None}, {"type": []}, {"type": "set", "values": 7}, {"type": "enum", "id": {}},
    {"type": "monetary", "value": "many"}, "__class__", {"__class__": 1, "model_config": 2, "model_fields": 3},
    {"self": 1, "cls": 2}, "../../etc/passwd", "' OR 1=1 --", "\r\nx-injected: yes", {"root": {"meta": {}}},
]  # fmt: skip
RAW: Final[list[bytes]] = [
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}", b"nul", b"NaN", b'{"meta":NaN}', b'{"meta":{"a":Infinity}}',
    b'"\\ud800"',
    b"[" * 100_000, b'{"meta":' * 50_000, b'{"a":1,"a":2}', b"1" * 5_000, b"-", b"1e999999", b'{"meta":{}}' * 3,
    b'{"meta":{"action":"\\ud800","entity":"deal","entity_id":1}}', b"{" + b'"k":0,' * 20_000 + b'"z":0}',
]  # fmt: skip
SECRET: Final = "pdt-0123456789abcdef:correct-horse-battery-staple-0123456789abcdef"


def body(random: Random) -> bytes:
    """One body."""
    chosen = random.random()
    if chosen < 0.05:
        return random.choice(RAW)
    bent = _bent(random, json.loads(json.dumps(random.choice(WHOLE))))
    text = json.dumps(bent).encode()
    if chosen < 0.6:
        return text
    return random.choice(BENDS)(random, text)


def _bent(random: Random, value: Any) -> Any:
    """A JSON value in which a few places hold something else."""
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        _strike(random, value)
    return value


def _strike(random: Random, value: Any) -> None:
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = random.choice(places)
        if isinstance(value[place], dict | list) and value[place] and random.random() < 0.7:
            value = value[place]
            continue
        if isinstance(value, dict) and random.random() < 0.3:
            del value[place]
        else:
            value[place] = deepcopy(random.choice(NASTY))
        return


def _flipped(random: Random, text: bytes) -> bytes:
    changed = bytearray(text)
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(random: Random, text: bytes) -> bytes:
    return text[: random.randrange(len(text) + 1)]


def _spliced(random: Random, text: bytes) -> bytes:
    start = random.randrange(len(text))
    return text[:start] + random.choice(RAW)[:2_000] + text[start:]


def _doubled(random: Random, text: bytes) -> bytes:
    return text + text[random.randrange(len(text)) :]


BENDS: Final[list[Callable[[Random, bytes], bytes]]] = [_flipped, _cut, _spliced, _doubled]


def headers(random: Random, body: bytes) -> Headers:
    """One set of headers; most let the body in."""
    good: Headers = [
        (b"authorization", b"Basic " + b64encode(SECRET.encode())),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    if random.random() < 0.6:
        return good
    bent = [(name, random.choice(VALUES) if random.random() < 0.5 else value) for name, value in good]
    if random.random() < 0.3:
        bent.append((random.choice(NAMES), random.choice(VALUES)))
    return [each for each in bent if random.random() < 0.9]


NAMES: Final = [
    b"authorization",
    b"content-type",
    b"content-length",
    b"content-encoding",
    b"transfer-encoding",
    b"x",
    b"",
]
VALUES: Final[list[bytes]] = [
    b"", b"\xff\xfe", b"Basic", b"Basic !!!", b"basic " + b64encode(SECRET.encode()), b"Bearer " + b"a" * 40, b"\x00",
    b"Basic " + b64encode(b"\xff\xff"), b"Basic " + b"A" * 70_000, "Basic ä".encode("latin-1"),
    b"application/json; charset=x",
    b"text/plain", b"-1", b"1e3", b"9" * 5_000, "٣".encode(), b"0", b"18446744073709551616", b"gzip", b"identity, gzip",
    b"chunked", b"application/json\r\nx: y", b" ",
]  # fmt: skip
