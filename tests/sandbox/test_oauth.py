"""The sandbox's OAuth server: what is documented, and what nobody knows as switches."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pipedrive_tools.sandbox import Sandbox

BACK = "http://127.0.0.1:8976/callback"
ME = "/api/v1/users/me"


@pytest.fixture
def app(sandbox: Sandbox) -> Any:
    """The app, as it talks to the OAuth server."""
    with httpx.Client(base_url=sandbox.url, auth=(sandbox.client_id, sandbox.client_secret)) as client:
        yield client


def callback(sandbox: Sandbox, **query: str) -> dict[str, list[str]]:
    asked = {"client_id": sandbox.client_id, "redirect_uri": BACK, "state": "s", **query}
    answer = httpx.get(f"{sandbox.url}/oauth/authorize", params=asked)
    assert answer.status_code == 302
    address = urlsplit(answer.headers["location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == BACK
    return parse_qs(address.query)


def exchange(app: httpx.Client, code: str, **form: str) -> httpx.Response:
    return app.post(
        "/oauth/token", data={"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **form}
    )


def refresh(app: httpx.Client, token: str) -> httpx.Response:
    return app.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token})


def granted(sandbox: Sandbox, app: httpx.Client) -> dict[str, Any]:
    answer = exchange(app, callback(sandbox)["code"][0])
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def status(sandbox: Sandbox, access: str, path: str = ME) -> int:
    return httpx.get(sandbox.url + path, headers={"authorization": f"Bearer {access}"}).status_code


def test_a_login(sandbox: Sandbox, app: httpx.Client) -> None:
    """A code comes back with the state, serves once, and gives tokens that open the API."""
    found = callback(sandbox)
    answer = exchange(app, found["code"][0])

    assert found["state"] == ["s"]
    assert set(answer.json()) == {
        "access_token", "token_type", "refresh_token", "scope", "expires_in", "api_domain",
    }  # fmt: skip
    assert (answer.json()["expires_in"], answer.json()["api_domain"]) == (3599, sandbox.url)
    assert status(sandbox, answer.json()["access_token"]) == 200
    assert exchange(app, found["code"][0]).json()["message"].startswith("Invalid grant: authorization_code")
    assert exchange(app, "other").status_code == 400


def test_a_user_who_does_not_agree(sandbox: Sandbox) -> None:
    """A parameter of the address, or a switch, makes the user say no."""
    assert callback(sandbox, deny="1") == {"error": ["user_denied"], "state": ["s"]}
    sandbox.switch(consent="denied")
    assert callback(sandbox)["error"] == ["user_denied"]


@pytest.mark.parametrize("wrong", [{"client_id": "other"}, {"redirect_uri": "javascript:x"}])
def test_a_wrong_address(wrong: dict[str, str], sandbox: Sandbox) -> None:
    """An app that is not known, and a callback that is none, are a page and no redirect."""
    asked = {"client_id": sandbox.client_id, "redirect_uri": BACK, **wrong}

    assert httpx.get(f"{sandbox.url}/oauth/authorize", params=asked).status_code == 400


def test_a_code_is_bound(sandbox: Sandbox, app: httpx.Client) -> None:
    """To its callback address, and to five minutes."""
    other = exchange(app, callback(sandbox)["code"][0], redirect_uri="http://127.0.0.1:1/callback")
    sandbox.switch(code_seconds=0)
    late = exchange(app, callback(sandbox)["code"][0])

    assert other.json()["message"].startswith("Invalid request: redirect_uri")
    assert late.json()["message"].startswith("Invalid grant: authorization_code")


def test_the_slash_form_drops_the_form(sandbox: Sandbox, app: httpx.Client) -> None:
    """With a slash at the end the address redirects, and who follows arrives without the form."""
    form = {"grant_type": "refresh_token", "refresh_token": granted(sandbox, app)["refresh_token"]}

    assert app.post("/oauth/token/", data=form).headers["location"] == "/oauth/token"
    followed = app.post("/oauth/token/", data=form, follow_redirects=True)
    assert (followed.status_code, followed.json()["message"]) == (400, "Missing parameter: `grant_type`")


@pytest.mark.parametrize(
    ("client", "sent", "words"),
    [
        (("sandbox-app", "wrong"), {"data": {"grant_type": "refresh_token"}}, "Invalid client"),
        (None, {"data": {"grant_type": "refresh_token"}}, "Invalid client"),
        (None, {"json": {"grant_type": "refresh_token"}}, "Invalid request: content"),
        (None, {"data": {"x": "y"}}, "Missing parameter"),
    ],
)
def test_refusals(client: tuple[str, str] | None, sent: dict[str, Any], words: str, sandbox: Sandbox) -> None:
    """Every refusal of the token address is a 400."""
    answer = httpx.post(f"{sandbox.url}/oauth/token", auth=client, **sent)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(words)


def test_client_credentials_in_the_body(sandbox: Sandbox) -> None:
    """They work, too."""
    form = {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret, "grant_type": "what"}

    assert "Unsupported" in httpx.post(f"{sandbox.url}/oauth/token", data=form).json()["message"]


@pytest.mark.parametrize(
    ("rotation", "is_new", "again"), [("same", False, 200), ("new", True, 400), ("grace", True, 200)]
)
def test_rotation(rotation: str, is_new: bool, again: int, sandbox: Sandbox, app: httpx.Client) -> None:
    """A refresh gives the same token, or a new one after which the old one is dead, or lives on for a while."""
    sandbox.switch(refresh_rotation=rotation)
    first = granted(sandbox, app)["refresh_token"]
    second = refresh(app, first).json()["refresh_token"]

    assert (second != first) is is_new
    assert refresh(app, first).status_code == again
    assert refresh(app, second).status_code == 200


@pytest.mark.parametrize(("setting", "then"), [("all win", 200), ("one wins", 400)])
def test_parallel_refreshes(setting: str, then: int, sandbox: Sandbox, app: httpx.Client) -> None:
    """Of two refreshes at once both win, or one."""
    sandbox.switch(parallel_refresh=setting)
    token = granted(sandbox, app)["refresh_token"]

    assert [refresh(app, token).status_code for _ in range(2)] == [200, then]


@pytest.mark.parametrize(("setting", "then"), [("lives", 200), ("dies", 401)])
def test_the_access_token_before(setting: str, then: int, sandbox: Sandbox, app: httpx.Client) -> None:
    """A refresh leaves the access token before alive, or not."""
    sandbox.switch(access_token_on_refresh=setting)
    found = granted(sandbox, app)
    refresh(app, found["refresh_token"])

    assert status(sandbox, found["access_token"]) == then


@pytest.mark.parametrize(
    ("shape", "keys"),
    [("success", {"success", "error", "message"}), ("oauth", {"error", "error_description"}), ("text", None)],
)
def test_error_shapes(shape: str, keys: set[str] | None, sandbox: Sandbox, app: httpx.Client) -> None:
    """The words of a refusal are the same in all the shapes that it may have."""
    sandbox.switch(oauth_error_shape=shape)
    answer = refresh(app, "unknown")

    assert "Invalid grant: refresh_token is invalid" in answer.text
    assert keys is None or set(answer.json()) == keys


def test_access_tokens_expire(sandbox: Sandbox, app: httpx.Client) -> None:
    """After its time, or when a test says so, an access token is a 401; unknown ones are, too."""
    found = granted(sandbox, app)
    answers = [status(sandbox, found["access_token"]), status(sandbox, "unknown")]
    sandbox.expire()
    refused = httpx.get(sandbox.url + ME, headers={"authorization": f"Bearer {found['access_token']}"})

    assert answers == [200, 401]
    assert (refused.status_code, refused.json()["error"]) == (401, "Invalid token: access_token is invalid")
    sandbox.switch(access_token_seconds=0)
    assert status(sandbox, granted(sandbox, app)["access_token"]) == 401
    sandbox.switch(refresh_token_days=0)
    assert refresh(app, granted(sandbox, app)["refresh_token"]).status_code == 400


def test_revoking(sandbox: Sandbox, app: httpx.Client) -> None:
    """An access token takes only itself with it, a refresh token the whole login; unknown ones are fine."""
    found = granted(sandbox, app)

    assert app.post("/oauth/revoke", data={"token": found["access_token"]}).status_code == 200
    assert status(sandbox, found["access_token"]) == 401
    newer = refresh(app, found["refresh_token"]).json()
    assert status(sandbox, newer["access_token"]) == 200
    assert app.post("/oauth/revoke", data={"token": found["refresh_token"]}).status_code == 200
    assert status(sandbox, newer["access_token"]) == 401
    assert refresh(app, found["refresh_token"]).status_code == 400
    assert app.post("/oauth/revoke", data={"token": "unknown"}).status_code == 200
    assert httpx.post(f"{sandbox.url}/oauth/revoke", data={"token": "x"}).status_code == 400


def test_scopes(sandbox: Sandbox, app: httpx.Client) -> None:
    """What the scopes do not open is a 403, and `base` is always there."""
    sandbox.switch(scopes="deals:read")
    found = granted(sandbox, app)

    assert found["scope"] == "base,deals:read"
    assert [status(sandbox, found["access_token"], path) for path in (ME, "/api/v2/deals", "/api/v2/persons")] == [
        200, 200, 403,
    ]  # fmt: skip
    refused = httpx.get(
        f"{sandbox.url}/api/v2/persons", headers={"authorization": f"Bearer {found['access_token']}"}
    )
    assert refused.json()["error"] == "Scope and URL mismatch"


@pytest.mark.parametrize(("setting", "opens"), [("ignored", True), ("accepted", False), ("refused", None)])
def test_pkce(setting: str, opens: bool | None, sandbox: Sandbox, app: httpx.Client) -> None:
    """A challenge is ignored, or kept, or an unknown parameter."""
    sandbox.switch(pkce=setting)
    asked = {"client_id": sandbox.client_id, "redirect_uri": BACK, "code_challenge": "x"}
    answer = httpx.get(f"{sandbox.url}/oauth/authorize", params=asked)
    if opens is None:
        assert answer.status_code == 400
        return
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    assert (exchange(app, code, code_verifier="wrong").status_code == 200) is opens


def test_the_log_counts_refreshes_and_holds_no_secret(sandbox: Sandbox, app: httpx.Client) -> None:
    """A judge sees how often was refreshed, and neither token nor code nor state nor client secret."""
    found = granted(sandbox, app)
    refresh(app, found["refresh_token"])
    log = sandbox.log()
    bodies = [entry["body"] for entry in log if entry["path"] == "/oauth/token"]

    assert bodies == [{"grant_type": "authorization_code"}, {"grant_type": "refresh_token"}]
    assert [entry["cost"] for entry in log] == [0, 0, 0]
    for secret in (found["access_token"], found["refresh_token"], sandbox.client_secret, "'state'"):
        assert secret not in str(log)


def test_another_address_for_calls(sandbox: Sandbox, app: httpx.Client) -> None:
    """A switch makes the server name a foreign host."""
    sandbox.switch(api_domain="https://evil.example")

    assert granted(sandbox, app)["api_domain"] == "https://evil.example"


def test_unknown_addresses(sandbox: Sandbox) -> None:
    """There is nothing else under `/oauth`."""
    assert httpx.get(f"{sandbox.url}/oauth/other").status_code == 404
