"""The keyring of the operating system, where there is one: API tokens by the address that they are for.

Every look into it may open a dialog, fail in a dozen ways of its own, or take a second on the bus of the desktop.
"""

from typing import Any, Final

from pipedrive_tools.errors import StoreError

SERVICE: Final = "pipedrive-tools"


def put(address: str, token: str) -> bool:
    """Keep a token; false where there is no keyring. One that fails raises."""
    keyring = _working()
    if keyring is None:
        return False
    try:
        keyring.set_password(SERVICE, address, token)
    except Exception as error:  # noqa: BLE001  # each backend has errors of its own
        raise _broken(error) from None
    return True


def get(address: str) -> str | None:
    """A token, or None. A keyring that fails raises."""
    keyring = _working()
    if keyring is None:
        return None
    try:
        found = keyring.get_password(SERVICE, address)
    except Exception as error:  # noqa: BLE001  # each backend has errors of its own
        raise _broken(error) from None
    return str(found) if found else None


def remove(address: str) -> bool:
    """Forget a token; false where there was none."""
    if get(address) is None:
        return False
    keyring = _working()
    try:
        keyring.delete_password(SERVICE, address)
    except Exception as error:  # noqa: BLE001  # each backend has errors of its own
        raise _broken(error) from None
    return True


def _working() -> Any:
    """The keyring package with a backend that can keep something; else None."""
    try:
        import keyring  # noqa: PLC0415  # an optional package, and a slow one
        from keyring.backends import fail, null  # noqa: PLC0415
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001  # a backend that is named and cannot be loaded
        raise _broken(error) from None
    return None if isinstance(backend, fail.Keyring | null.Keyring) else keyring


def _broken(error: Exception) -> StoreError:
    """The keyring's own words may hold anything, so only the kind of the error is shown."""
    return StoreError(
        f"the keyring of this computer does not work ({type(error).__name__}); unlock it, "
        "or set PIPEDRIVE_API_TOKEN, or set PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring to do without"
    )
