"""A PostgreSQL server for the tests: the one that is named, the machine's own, or one started from its binaries."""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from pipedrive_tools.state.schema import limits, metadata
from pipedrive_tools.state.store import Store
from tests.servers import free_port

VARIABLE: Final = "PIPEDRIVE_TEST_POSTGRES"
OWN: Final = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
"""The server of this machine, where nothing else is named."""
MISSING: Final = (
    f"no PostgreSQL: none answers at {VARIABLE} or 127.0.0.1:5432, and its binaries are not installed"
)


def binaries() -> Path | None:
    """Where `initdb` and `pg_ctl` are, the newest version first."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: -float(each.parent.name))
    beside = [Path(found).parent for found in [shutil.which("initdb")] if found]
    return next((each for each in [*beside, *installed] if (each / "initdb").exists()), None)


def is_there() -> bool:
    """Whether tests can have a server."""
    return answers(address()) or binaries() is not None


def found() -> str:
    """What tests get, for people."""
    if answers(address()):
        return f"PostgreSQL: {make_url(address()).render_as_string()}"
    return (
        f"PostgreSQL: one is started from {binaries()}" if binaries() else f"{MISSING}; its tests are skipped"
    )


def address() -> str:
    """The server that is named, else the one where this machine's own would be."""
    return os.environ.get(VARIABLE) or OWN


def admin(url: str) -> Engine:
    """Statements outside of any store."""
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def answers(url: str) -> bool:
    """Whether a server lets us in."""
    try:
        with admin(url).connect():
            return True
    except SQLAlchemyError:
        return False


@contextmanager
def schema(server: str) -> Iterator[str]:
    """A store's address with a schema of its own, which goes away again."""
    name = f"t{uuid.uuid4().hex[:16]}"
    with admin(server).connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with admin(server).connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a database of its own, which goes away again: DBOS has one schema in each."""
    name = f"t{uuid.uuid4().hex[:16]}"
    with admin(server).connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin(server).connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Tables:
    """A store whose tables are emptied for each test: that is quicker than to make them anew."""

    url: str
    connection: Connection

    @classmethod
    @contextmanager
    def made(cls, url: str) -> Iterator["Tables"]:
        """Make them."""
        Store(url).close()
        with admin(url).connect() as connection:
            yield cls(url, connection)

    def emptied(self) -> str:
        """The store's address; nothing is in it."""
        names = [name for name in [*metadata.tables, *limits.tables] if name != "alembic_version"]
        statements = (f"DELETE FROM {name}" for name in names)  # noqa: S608  # our own tables
        self.connection.exec_driver_sql("; ".join(statements))
        return self.url


@dataclass(frozen=True)
class Cluster:
    """A server of one's own, which may be stopped and started at will."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Its database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=100"
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` breaks off what is under way, `immediate` is a crash."""
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def make(self) -> None:
        """Make its files."""
        self._run("initdb", "-E", "UTF8", "-U", "postgres", "-A", "trust", "--no-instructions")

    def _run(self, program: str, *arguments: str) -> None:
        found = binaries()
        assert found is not None
        # The server refuses to run as root.
        owner = {"user": self.folder.owner(), "group": self.folder.group()} if os.geteuid() == 0 else {}
        subprocess.run(
            [str(found / program), *arguments, "-D", str(self.folder / "data")],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            **owner,  # type: ignore[call-overload]  # as keywords of the call
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server of one's own, started."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres" if _has_user("postgres") else "nobody")
    made = Cluster(folder, free_port())
    try:
        made.make()
        made.start()
        try:
            yield made
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_user(name: str) -> bool:
    import pwd  # noqa: PLC0415  # there is none on Windows

    return any(each.pw_name == name for each in pwd.getpwall())


def wait_for(url: str, seconds: float = 20) -> None:
    """Wait until a server answers."""
    latest = time.monotonic() + seconds
    while not answers(url):
        if time.monotonic() > latest:
            raise TimeoutError(f"nothing answers at {make_url(url).render_as_string()}")
        time.sleep(0.05)


if __name__ == "__main__":
    print(found())
