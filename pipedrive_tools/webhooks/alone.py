"""One worker at a time for each queue: a lock that a killed process lets go of by itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from pipedrive_tools.errors import SettingsError, StoreError

LOCK: Final = 0x70697065
"""Ours among the advisory locks of a PostgreSQL database."""
TAKEN: Final = "another worker works on these events already; stop it first"


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Hold the queue at this address while the block lasts; `SettingsError` where somebody else holds it."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with _file(Path(f"{address.database}.lock")):
            yield
    else:
        with _database(url):
            yield


@contextmanager
def _file(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SettingsError(TAKEN) from None
    finally:
        os.close(lock)


@contextmanager
def _database(url: str) -> Iterator[None]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
                raise SettingsError(TAKEN)
            yield
    except SQLAlchemyError as error:
        raise StoreError(f"the queue cannot be opened: {type(error).__name__}") from None
    finally:
        engine.dispose()
