"""Who is let in, by which credential, and what the log says of them."""

from collections.abc import Iterator

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox, Switches

ME = "/api/v1/users/me"
TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Sandbox]:
    """A sandbox that knows one token, on the smallest plan."""
    with Sandbox.start(data="empty", plan="lite", token=TOKEN, switches=Switches(charge_failed="no")) as box:
        yield box


@pytest.mark.parametrize("headers", [{}, {"x-api-token": "short"}, {"x-api-token": ""}])
def test_no_good_token(headers: dict[str, str], sandbox: Sandbox) -> None:
    """Without a token of 40 characters the gateway answers 401."""
    answer = httpx.get(sandbox.url + ME, headers=headers)

    assert answer.status_code == 401
    assert answer.json()["errorCode"] == 401
    assert answer.headers["x-401-by-gw"]
    assert answer.headers["x-ratelimit-limit"]


def test_any_token_of_forty_characters(sandbox: Sandbox) -> None:
    """Where no token was named, any of the right length is good."""
    sandbox.switch(bearer="any")

    for headers in ({"x-api-token": TOKEN}, {"x-api-token": "z" * 40}, {"authorization": "Bearer anything"}):
        assert httpx.get(sandbox.url + ME, headers=headers).status_code == 200


def test_only_the_named_token(guarded: Sandbox) -> None:
    """Where a token was named, others are refused."""
    assert guarded.token == TOKEN
    assert httpx.get(guarded.url + ME, headers={"x-api-token": TOKEN}).status_code == 200
    assert httpx.get(guarded.url + ME, headers={"x-api-token": "z" * 40}).status_code == 401


@pytest.mark.parametrize(("setting", "status"), [("accepted", 200), ("refused", 401)])
def test_a_token_in_the_query(setting: str, status: int, sandbox: Sandbox) -> None:
    """Old clients put the token into the query; whether that counts is a switch."""
    sandbox.switch(query_api_token=setting)

    assert httpx.get(sandbox.url + ME, params={"api_token": TOKEN}).status_code == status


def test_a_malformed_header(sandbox: Sandbox) -> None:
    """An authorization header without a token is a 400."""
    assert httpx.get(sandbox.url + ME, headers={"authorization": "Basic abc"}).status_code == 400


def test_both_versions_of_a_path(client: httpx.Client) -> None:
    """v1 answers with and without `/api`, v2 under `/api` only."""
    assert client.get("/v1/users/me").json() == client.get(ME).json()
    assert client.get("/v2/deals").status_code == 404


def test_unknown_paths_and_methods(client: httpx.Client) -> None:
    """A path that is not there is a 404, a method that it does not take a 405 that names the others."""
    assert client.get("/api/v2/nothing").json()["errorCode"] == 404
    answer = client.put("/api/v2/deals/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PATCH")


def test_a_full_window_over_http(guarded: Sandbox) -> None:
    """The window refuses the call that is one too many, and the log says so."""
    guarded.reset()
    with httpx.Client(base_url=guarded.url, headers={"x-api-token": TOKEN}) as client:
        statuses = [client.get("/api/v2/stages/1").status_code for _ in range(21)]

    assert statuses == [200] * 20 + [429]
    assert [each["status"] for each in guarded.log()] == statuses
    assert guarded.log()[-1]["cost"] == 0


@pytest.mark.parametrize(
    ("setting", "costs"), [("no", [0, 0, 1]), ("yes", [5, 1, 1]), ("429 too", [5, 1, 1])]
)
def test_what_failed_calls_cost(
    setting: str, costs: list[int], sandbox: Sandbox, client: httpx.Client
) -> None:
    """Whether a refused call is charged is a switch."""
    sandbox.switch(charge_failed=setting)
    client.post("/api/v2/deals", json={})
    client.get("/api/v2/deals/99999")
    client.get("/api/v2/stages/1")

    assert [each["cost"] for each in sandbox.log()] == costs
