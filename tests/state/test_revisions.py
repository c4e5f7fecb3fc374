"""A store is brought up to date once, whoever opens it first, and one from the future is refused."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import revisions, schema
from pipedrive_tools.state.store import Store
from tests import postgres

OPENERS = 6
NEXT = '''
"""A column more."""

from alembic import op
from sqlalchemy import Column, Text

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.add_column("audit", Column("mood", Text))
    op.get_bind().exec_driver_sql("UPDATE audit SET mood = 'good'")
'''


@pytest.fixture
def new_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that is not there yet."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    with postgres.schema(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """Our revisions, and one more."""
    folder = tmp_path / "versions"
    folder.mkdir()
    for each in revisions.VERSIONS.glob("*.py"):
        (folder / each.name).write_text(each.read_text())
    (folder / "next.py").write_text(NEXT)
    return folder


def revision(store: Store) -> Any:
    with store.transaction(durable=False) as connection:
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()


def test_an_empty_store(new_url: str) -> None:
    """An empty store has the tables of `schema`, no more and no less, in the newest revision there is."""
    store = Store(new_url)
    tables = [schema.metadata, schema.limits] if store.driver.is_shared else [schema.metadata]
    with store.transaction(durable=False) as connection:
        differences = compare_metadata(MigrationContext.configure(connection), tables)

    assert differences == []
    assert revision(store) == [schema.REVISION]
    known = ScriptDirectory(str(revisions.VERSIONS.parent), version_locations=[str(revisions.VERSIONS)])
    assert known.get_heads() == [schema.REVISION]
    store.close()


def test_many_at_once(new_url: str) -> None:
    """Of several that open an empty store at once, one makes it, and all of them can use it."""
    together = threading.Barrier(OPENERS)

    def opened(_number: int) -> Any:
        together.wait(20)
        store = Store(new_url)
        try:
            return revision(store)
        finally:
            store.close()

    with ThreadPoolExecutor(OPENERS) as pool:
        assert list(pool.map(opened, range(OPENERS))) == [[schema.REVISION]] * OPENERS


def test_an_older_store(new_url: str, versions: Path) -> None:
    """A store of an older revision is moved forward, once, with what is in it; half of a revision is none."""
    store = Store(new_url)
    broken = versions / "next.py"
    broken.write_text(NEXT.replace("SET mood", "SET nothing"))
    with pytest.raises(StoreError, match="nothing"):
        revisions.move_forward(store.driver, "2", versions)
    assert revision(store) == ["1"]

    broken.write_text(NEXT)
    for _ in range(2):
        revisions.move_forward(store.driver, "2", versions)

    assert revision(store) == ["2"]
    with store.transaction(durable=False) as connection:
        assert "mood" in {each["name"] for each in inspect(connection).get_columns("audit")}
    store.close()


@pytest.mark.parametrize("found", ["2", "99", "new"])
def test_a_newer_store(found: str, new_url: str) -> None:
    """A store that a newer version wrote is refused in one line that says what to do."""
    store = Store(new_url)
    with store.transaction(durable=True) as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{found}'")  # noqa: S608
    store.close()

    with pytest.raises(
        StoreError, match=r"newer pipedrive-tools .*upgrade, or set PIPEDRIVE_STATE"
    ) as caught:
        Store(new_url)
    assert "\n" not in str(caught.value)


def test_what_it_loads(store_url: str, tmp_path: Path) -> None:
    """Opening a store that is up to date loads neither Alembic nor the other engine."""
    import subprocess  # noqa: PLC0415  # beside its only use

    Store(store_url).close()
    program = (
        "import sys; from pipedrive_tools.state.store import Store; Store(sys.argv[1]).close(); "
        "print(sorted({'alembic', 'psycopg', 'sqlite3'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, store_url], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert ran.stdout.strip() == ("['sqlite3']" if store_url.startswith("sqlite") else "['psycopg']")
