"""The hosts that may see a credential."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipedrive_tools import auth
from pipedrive_tools.errors import SettingsError
from pipedrive_tools.settings import Settings

CANARY = "canary0123456789canary0123456789canary01"
NAMED = frozenset({"proxy.example", "my_box", "::2"})


@dataclass(frozen=True)
class Case:
    """An address, and the origin that it stands for."""

    address: str
    origin: str = ""


GOOD = [
    Case("https://acme.pipedrive.com", "https://acme.pipedrive.com"),
    Case("https://acme.pipedrive.com/", "https://acme.pipedrive.com"),
    Case("HTTPS://Acme.Pipedrive.COM", "https://acme.pipedrive.com"),
    Case("https://acme.pipedrive.com.", "https://acme.pipedrive.com"),
    Case("https://acme.pipedrive.com:443", "https://acme.pipedrive.com:443"),
    Case("https://api.pipedrive.com", "https://api.pipedrive.com"),
    Case("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
    Case("http://localhost:8765/", "http://localhost:8765"),
    Case("http://[::1]:8765", "http://[::1]:8765"),
    Case("https://proxy.example:8443", "https://proxy.example:8443"),
    Case("http://my_box:8080", "http://my_box:8080"),
    Case("http://[::2]", "http://[::2]"),
]
BAD = [
    "https://evil.example",
    "https://acme.pipedrive.com@evil.example",
    "https://evil.example@acme.pipedrive.com",
    "https://@acme.pipedrive.com",
    f"https://me:{CANARY}@acme.pipedrive.com",
    "https://evilpipedrive.com",
    "https://pipedrive.com.evil.example",
    "https://acme.pipedrive.com.evil.example",
    "https://acme.pipedrive.com..",
    "https://.pipedrive.com",
    "https://evil.example\\.pipedrive.com",
    "https://evil.example\\@acme.pipedrive.com",
    "https://evil.example%2f.pipedrive.com",
    "https://evil.example%23.pipedrive.com",
    "https://evil.example;.pipedrive.com",
    "https://evil.example#.pipedrive.com",
    "https://evil.example?.pipedrive.com",
    "https://evil.example/.pipedrive.com",
    "https://evil.example\uff0f.pipedrive.com",
    "https://evil.example\u3002pipedrive.com",
    "https://acme.p\u0456pedrive.com",
    "https://acme.\u24dfipedrive.com",
    "https://acme.xn--pipedrive-x.com",
    "https://acme.pipedrive.com/api/v2",
    "https://acme.pipedrive.com?x=1",
    "https://acme.pipedrive.com#x",
    f"https://acme.pipedrive.com?api_token={CANARY}",
    "https://acme.pipedrive.com:0",
    "https://acme.pipedrive.com:99999",
    "https://acme.pipedrive.com:port",
    "http://acme.pipedrive.com",
    "ftp://acme.pipedrive.com",
    "file:///etc/passwd",
    "//acme.pipedrive.com",
    "acme.pipedrive.com",
    "https://",
    "https://[",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.2",
    "http://0.0.0.0",
    "http://2130706433",
    "http://localhost.evil.example",
    "https://sub.proxy.example",
    "https://box",
    " ",
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.address) for case in GOOD])
def test_an_address_that_may_see_a_credential(case: Case) -> None:
    """Pipedrive's own hosts, this machine and hosts that are named are taken, and nothing but an origin is kept."""
    assert auth.checked_origin(case.address, NAMED) == case.origin
    assert auth.origin(Settings(base_url=case.address, allowed_hosts=NAMED)) == case.origin


@pytest.mark.parametrize("address", BAD)
def test_an_address_that_may_not(address: str) -> None:
    """Every other address is refused in one line, in which no credential stands."""
    with pytest.raises(SettingsError) as caught:
        auth.checked_origin(address, NAMED)
    assert CANARY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_list_bites() -> None:
    """A careless check, one that looks at the end of the host only, is caught by the same addresses."""
    careless = [
        address for address in BAD if (host_of(address) or "").removesuffix(".").endswith("pipedrive.com")
    ]

    assert len(careless) > 10


def host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


HOSTS = st.sampled_from(
    [
        "acme.pipedrive.com",
        "pipedrive.com",
        "evil.example",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "proxy.example",
    ]
)
PIECES = st.one_of(
    HOSTS,
    st.sampled_from(
        [
            "https://",
            "http://",
            "@",
            ":",
            "/",
            "\\",
            "?",
            "#",
            ".",
            "%2e",
            "%40",
            "\t",
            "\r\n",
            "\u3002",
            "\uff0f",
        ]
    ),
    st.text(max_size=3),
)


@settings(max_examples=800, deadline=None)
@given(st.lists(PIECES, max_size=7).map("".join), st.booleans())
@example("https://acme.pipedrive.com", False)
def test_no_accepted_address_leads_elsewhere(address: str, prefixed: bool) -> None:
    """Whatever is accepted leads to an allowed host, as the library reads it that sends the credential."""
    try:
        origin = auth.checked_origin(f"https://{address}" if prefixed else address, NAMED)
    except SettingsError:
        return
    host = httpx.URL(origin).host
    assert host == (urlsplit(origin).hostname or "")
    assert host in auth.LOOPBACK | NAMED or host == "pipedrive.com" or host.endswith(".pipedrive.com")
    assert httpx.URL(origin).userinfo == b""
    assert httpx.URL(origin).scheme == "https" or host in auth.LOOPBACK | NAMED


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(max_size=20),
        st.lists(
            st.sampled_from(["acme", ".", "/", "#", "@", "evil.example", "..", "-", "?"]), max_size=5
        ).map("".join),
    )
)
@example("acme/../x")
@example("acme.evil.example#")
@example("evil.example/")
@example("acme\n")
@example("a" * 64)
@example("-acme")
def test_a_company_cannot_lead_elsewhere(company: str) -> None:
    """A company's name, whatever stands in it, gives a host directly under pipedrive.com or is refused."""
    if not company:
        return
    try:
        origin = auth.origin(Settings(company_domain=company))
    except SettingsError as error:
        assert "PIPEDRIVE_COMPANY_DOMAIN" in str(error)  # noqa: PT017  # most of the cases pass
        return
    host = httpx.URL(origin).host
    assert host.endswith(".pipedrive.com")
    assert host.count(".") == 2


@pytest.mark.parametrize(
    ("company", "origin"),
    [
        ("acme", "https://acme.pipedrive.com"),
        ("Acme-2.pipedrive.com", "https://acme-2.pipedrive.com"),
        (None, "https://api.pipedrive.com"),
    ],
)
def test_a_company(company: str | None, origin: str) -> None:
    """A company's host is used where it is named, and the common one elsewhere."""
    assert auth.origin(Settings(company_domain=company)) == origin


def test_the_base_url_wins() -> None:
    """Another address to talk to goes before the company."""
    assert auth.origin(Settings(company_domain="acme", base_url="http://localhost:1")) == "http://localhost:1"
