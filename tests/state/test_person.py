"""What a person is called who gives no name."""

import getpass
import os

import pytest

from pipedrive_tools.state.person import person


def test_a_name() -> None:
    """Whoever has a name is called so."""
    assert person(lambda: "ada") == "ada"


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no username")], ids=repr)
def test_a_number(error: Exception) -> None:
    """A user whom the machine has no name for has a number."""

    def unknown() -> str:
        raise error

    assert person(unknown) == f"user {os.getuid()}"


def test_this_machine() -> None:
    """Without more, the machine is asked."""
    assert person() == getpass.getuser()
