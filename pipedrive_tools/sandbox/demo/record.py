"""What a record is here: one object of an API answer, as JSON has it."""

from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
