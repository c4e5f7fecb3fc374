"""Bases of arguments models: pages, searches, writes, changes. Field docstrings are read by a language model."""

import re
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from pipedrive_tools.endpoint import Args, Assumed
from pipedrive_tools.endpoints.values import Many, Text, Unshown

BORN_MINE: Final[Assumed] = {"owner_id": "me"}
"""Whoever creates a record owns it. Leads: addLead in the API reference; the others: the reference of v1, of which v2
changed nothing but the name, user_id, of a deal's or activity's owner."""
KEY_LETTERS: Final = 40
"""Length of a custom field's key; its parts, such as a currency, add to it."""
_KEY = re.compile(r"[0-9a-f]{40}(_\w+)?")


def _filled_or_none(text: Any) -> Any:
    """Models send a blank cursor for the first page."""
    return None if isinstance(text, str) and not text.strip() else text


class CursorPage(Args):
    """One page of a v2 list."""

    # What the API reference says of every v2 list, and of its sort where it has one (FACTS.md, section 8).
    assumed: ClassVar[Assumed] = {"limit": 100, "sort_by": "id", "sort_direction": "asc"}

    limit: Annotated[int, Field(ge=1, le=500)] | None = None
    """Page size; 100 if left out."""
    cursor: Annotated[str | None, BeforeValidator(_filled_or_none)] = None
    """As the last page gave it."""


class SearchPage(CursorPage):
    """One page of search hits; over 100 a page was refused (FACTS.md, section 13)."""

    limit: Unshown[Annotated[int, Field(ge=1, le=100)] | None] = None
    """Page size."""


class Search(SearchPage):
    """Words to search for."""

    term: Text
    """At least 2 characters."""
    exact_match: Unshown[bool | None] = None
    """Whole text only."""

    @model_validator(mode="after")
    def _term_is_long_enough(self) -> Self:
        if len(self.term.strip()) < 2 and not self.exact_match:  # noqa: PLR2004  # FACTS.md, section 13
            raise ValueError("term: at least 2 characters are due, or 1 with exact_match")
        return self


class OffsetPage(Args):
    """One page of a v1 list."""

    assumed: ClassVar[Assumed] = {"start": 0}

    limit: Annotated[int, Field(ge=1, le=500)] | None = None
    """Page size."""
    start: Annotated[int, Field(ge=0)] | None = None
    """As the last page gave it."""


class Write(Args):
    """Arguments of whatever changes something."""

    controls: ClassVar[frozenset[str]] = frozenset({"dry_run"})
    custom_at_root: ClassVar[bool] = False
    """Whether custom fields lie flat beside the others, as v1 leads have them."""

    dry_run: Unshown[bool] = False
    """Only show the effect."""

    def values(self) -> dict[str, Any]:
        """The arguments as Pipedrive takes them, custom fields as a map from key to value."""
        values = super().values()
        pairs = {pair["name"]: pair["value"] for pair in values.pop("custom_fields", [])}
        return self.with_custom(values, pairs)

    def with_custom(self, values: dict[str, Any], pairs: dict[str, Any]) -> dict[str, Any]:
        """The values and the custom fields in the place where the endpoint wants them."""
        if not pairs:
            return values
        if not self.custom_at_root:
            return values | {"custom_fields": pairs}
        # Only keys go beside the built-in fields: a name there could pass for one of them.
        keys = {name: value for name, value in pairs.items() if is_key(name)}
        names = {name: value for name, value in pairs.items() if not is_key(name)}
        return values | keys | ({"custom_fields": names} if names else {})


LISTS: Final = frozenset({"label_ids", "emails", "phones", "participants", "attendees"})
"""Fields that hold a list, always replaced whole and blanked by an empty one (FACTS.md, section 10)."""


class Change(Write):
    """Arguments of an update: what is left out keeps its value."""

    controls: ClassVar[frozenset[str]] = frozenset({"dry_run", "clear", "overwrite", "expect_version"})
    clearable: ClassVar[frozenset[str]] = frozenset()
    """Fields that Pipedrive lets us blank; lists that are given are merged by the gate, not by the bare client."""

    clear: Many[str] = []
    """Fields to blank."""
    overwrite: Many[str] = []
    """Filled fields to replace."""
    expect_version: Unshown[str | None] = None
    """update_time seen; refused if it moved."""

    @model_validator(mode="after")
    def _nothing_is_emptied_in_passing(self) -> Self:
        given = self.model_fields_set - self.controls - {"custom_fields"}
        if empty := sorted(name for name in given if getattr(self, name) == []):
            raise ValueError(f"{empty}: an empty list changes nothing; to blank a field, name it in clear")
        return self

    @model_validator(mode="after")
    def _clear_is_possible(self) -> Self:
        if unknown := sorted(name for name in self.clear if name not in self.clearable and not is_key(name)):
            raise ValueError(f"clear: {unknown} cannot be blanked; possible are {sorted(self.clearable)}")
        if both := sorted(set(self.clear) & self.model_fields_set - {"clear"}):
            raise ValueError(f"clear: {both} are set in the same call; do one or the other")
        return self

    def values(self) -> dict[str, Any]:
        """The fields to set, and null for those to blank."""
        values = super().values()
        custom = {name: None for name in self.clear if is_key(name)}
        if custom and not self.custom_at_root:
            custom |= values.get("custom_fields", {})
        blank: dict[str, Any] = {
            name: [] if name in LISTS else None for name in self.clear if not is_key(name)
        }
        return self.with_custom(values | blank, custom)


def is_key(name: str) -> bool:
    """Whether a name is the 40-digit key of a custom field (FACTS.md, section 12)."""
    return len(name) >= KEY_LETTERS and bool(_KEY.fullmatch(name))
