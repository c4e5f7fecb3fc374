"""What an agent keeps for itself between its runs, by name: what it put off, what it has not finished.

Written by the program that the agent is part of; no tool reaches it, so no model does.
"""

import json
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from pipedrive_tools.state.schema import memory
from pipedrive_tools.state.store import Store


class Memory:
    """The memory of one agent in one account; each write is on the disk when it returns."""

    def __init__(self, store: Store, *, account: str, agent: str) -> None:
        self._store = store
        self._mine = {"account": account, "agent": agent}
        self._where = (memory.c.account == account, memory.c.agent == agent)

    def get(self, name: str) -> Any:
        """What was kept under a name; None where nothing was."""
        query = select(memory.c.value).where(*self._where, memory.c.name == name)
        with self._store.transaction(durable=False) as connection:
            found = connection.scalar(query)
        return None if found is None else json.loads(found)

    def all(self, prefix: str) -> dict[str, Any]:
        """Everything under names that begin so, by the rest of the name."""
        query = select(memory.c.name, memory.c.value).where(*self._where).order_by(memory.c.name)
        with self._store.transaction(durable=False) as connection:
            rows = connection.execute(query).all()
        return {
            name.removeprefix(prefix): json.loads(value) for name, value in rows if name.startswith(prefix)
        }

    def keep(self, name: str, value: Any) -> None:
        """Keep a value, in the place of the one before."""
        with self._store.transaction(durable=True) as connection:
            self._store.alone(connection, f"memory {self._mine}")
            connection.execute(delete(memory).where(*self._where, memory.c.name == name))
            connection.execute(insert(memory).values(**self._mine, name=name, value=_text(value)))

    def forget(self, name: str) -> None:
        """Keep nothing under a name."""
        with self._store.transaction(durable=True) as connection:
            connection.execute(delete(memory).where(*self._where, memory.c.name == name))

    def swap(self, name: str, expected: Any, value: Any) -> bool:
        """Keep a value if what is there is still what is expected; false, and nothing kept, where it is not."""
        row = {**self._mine, "name": name, "value": _text(value)}
        with self._store.transaction(durable=True) as connection:
            if expected is None:
                try:
                    with connection.begin_nested():
                        connection.execute(insert(memory).values(**row))
                except IntegrityError:
                    return False
                return True
            same = (*self._where, memory.c.name == name, memory.c.value == _text(expected))
            return connection.execute(update(memory).where(*same).values(value=row["value"])).rowcount == 1


def _text(value: Any) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
