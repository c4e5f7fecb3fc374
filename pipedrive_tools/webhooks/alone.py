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

TAKEN: Final = "another worker works on these events already; stop it first"


@contextmanager
def alone(url: str, name: str) -> Iterator[None]:
    """Hold the queue of this name at this address while the block lasts; `SettingsError` where somebody else does."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        with _file(Path(f"{address.database}.{name}.lock")):
            yield
    else:
        with _database(url, name):
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
def _database(url: str, name: str) -> Iterator[None]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            taken = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
            if not connection.scalar(taken, {"name": name}):
                raise SettingsError(TAKEN)
            yield
    except SQLAlchemyError as error:
        raise StoreError(f"the queue cannot be opened: {type(error).__name__}") from None
    finally:
        engine.dispose()
