"""Sealing secrets with Fernet, under a list of keys: the first seals, all open (rotation)."""

import os
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from pipedrive_tools.errors import MissingExtraError, StoreError
from pipedrive_tools.state.store import Store

MAKE_KEY: Final = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
OTHERS: Final = 0o077
"""Rights that nobody but the owner of a key file may have."""


def key_file(store: Path) -> Path:
    """Where the key of a store is, unless PIPEDRIVE_STATE_KEY holds it."""
    return store.with_name(f"{store.name}.key")


class Seal:
    """The keys of one store: those named, and the one in a file beside it; without either, one in memory."""

    def __init__(self, *, keys: str | None, file: Path | None) -> None:
        self._named, self._file = keys, file

    @classmethod
    def of(cls, store: Store, keys: str | None) -> Self:
        """The keys of a store; one that several machines share has no file beside it."""
        if store.driver.is_shared and not keys:
            raise StoreError(
                "a store on a server keeps no key beside it; set PIPEDRIVE_STATE_KEY, the same on every machine, "
                f"to what this prints: {MAKE_KEY}"
            )
        return cls(keys=keys, file=key_file(store.path) if store.path else None)

    def close(self, name: str, secret: str) -> bytes:
        """A secret, sealed under the first key and bound to its name."""
        token: bytes = self._keys[0].encrypt(f"{name}\0{secret}".encode())
        return urlsafe_b64decode(token)  # in base64 some bits mean nothing, and could be changed unseen

    def open(self, name: str, sealed: bytes) -> tuple[str, bool]:
        """The secret, and whether the first key sealed it; refused where one bit was changed."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  # an optional package

        token = urlsafe_b64encode(sealed)
        for place, key in enumerate(self._keys):
            try:
                bound, _, secret = key.decrypt(token).decode().partition("\0")
            except InvalidToken:
                continue
            if bound == name:
                return secret, place == 0
        raise StoreError(
            "the stored credential cannot be opened: PIPEDRIVE_STATE_KEY is another one, or the store was damaged; "
            "name the old key too (new,old), or log in again"
        )

    @cached_property
    def _keys(self) -> list[Any]:
        try:
            from cryptography.fernet import Fernet  # noqa: PLC0415  # an optional package
        except ImportError:
            raise MissingExtraError("cryptography", "oauth") from None
        try:
            return [Fernet(key) for key in self._texts(Fernet.generate_key())]
        except ValueError:
            raise StoreError(
                f"PIPEDRIVE_STATE_KEY is no list of Fernet keys; make one with: {MAKE_KEY}"
            ) from None

    def _texts(self, new: bytes) -> list[bytes]:
        named = [key.strip().encode() for key in (self._named or "").split(",") if key.strip()]
        if self._file is None:
            return named or [new]
        return [*named, _read(self._file)] if self._file.exists() else named or [_made(self._file, new)]


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_mode & OTHERS:
            raise StoreError(f"the key file {str(file)!r} is open to others; run: chmod 600 {file}")
        return file.read_bytes().strip()
    except OSError as error:
        raise StoreError(f"the key file {str(file)!r} cannot be read: {error.strerror}") from None


def _made(file: Path, new: bytes) -> bytes:
    """The key in the file, which is there whole or not at all; whoever comes first makes it."""
    try:
        handle, draft = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # its mode is 0600
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(new)
                opened.flush()
                os.fsync(opened.fileno())
            Path(file).hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
        _sync(file.parent)
    except OSError as error:
        raise StoreError(f"the key file {str(file)!r} cannot be written: {error.strerror}") from None
    return _read(file)


def _sync(folder: Path) -> None:
    """What is sealed under a key must not outlive it in a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
