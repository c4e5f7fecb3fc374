"""API tokens as a credential."""

import pytest

from pipedrive_tools import auth
from pipedrive_tools.errors import SettingsError
from pipedrive_tools.ports import drive
from pipedrive_tools.settings import Settings
from pipedrive_tools.testing import FakePort

CANARY = "canary0123456789canary0123456789canary01"


def test_a_token() -> None:
    """An API token signs by the one header, cannot be renewed, and is not shown."""
    token = auth.credential(Settings(api_token=CANARY))

    assert drive(token.headers(FakePort())) == {"x-api-token": CANARY}
    assert drive(token.renewed(FakePort(), {})) is False
    assert CANARY not in repr(token)
    assert CANARY in repr(vars(token)), "the token is there to be shown"


@pytest.mark.parametrize("token", [None, "", "with blank", "line\nbreak", "tökén", "zero\x00"])
def test_no_token(token: str | None) -> None:
    """A token that is missing or damaged is refused before anything is sent, without showing it."""
    with pytest.raises(SettingsError, match="PIPEDRIVE_API_TOKEN") as caught:
        auth.credential(Settings(api_token=token))
    assert not token or token not in str(caught.value)
