"""The store's schema is brought up to date when it is opened, once, whoever comes first.

An empty store is made as `schema` describes it. An older one is moved forward by the revisions in `versions`, which
Alembic runs; it is loaded only then. A store that a newer version wrote is refused.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, inspect, select

from pipedrive_tools.errors import StoreError
from pipedrive_tools.state import schema
from pipedrive_tools.state.driver import Driver

VERSIONS: Final = Path(__file__).with_name("versions")


def move_forward(driver: Driver, newest: str = schema.REVISION, versions: Path = VERSIONS) -> None:
    """Bring a store to the newest revision; a store that is there costs one look."""
    with driver.transaction(durable=False) as connection:
        if _found(connection) == newest:
            return
    with driver.transaction(durable=True) as connection:
        driver.alone(connection, "revisions")  # whoever waited here finds it done
        found = _found(connection)
        if found is None:
            schema.metadata.create_all(connection)
            if driver.is_shared:
                schema.limits.create_all(connection)
            connection.execute(insert(schema.alembic_version).values(version_num=newest))
        elif found != newest:
            _migrate(connection, found, newest, versions)


def _found(connection: Connection) -> str | None:
    """The revision of the store; None where it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.scalar(select(schema.alembic_version.c.version_num)))


def _migrate(connection: Connection, found: str, newest: str, versions: Path) -> None:
    from alembic.config import Config  # noqa: PLC0415  # it takes longer to load than most calls
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    script = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])
    try:
        script.get_revision(found)
    except CommandError:
        raise StoreError(
            f"the store was written by a newer pipedrive-tools (revision {found}, this one knows {newest}); "
            "upgrade, or set PIPEDRIVE_STATE to another store"
        ) from None
    with EnvironmentContext(
        Config(),
        script,
        fn=lambda revision, _: script._upgrade_revs(newest, revision),  # noqa: SLF001  # as its own `upgrade` command does
    ) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
