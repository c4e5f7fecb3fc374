"""Names that are at hand at one moment, the id that one of them stands for, and what is lacking. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.fields import Field, Fields, choose
from pipedrive_tools.fields.choice import Candidate, quoted, same
from pipedrive_tools.state.cache import Records
from pipedrive_tools.toolset.directory import id_of, source_of

NOUNS: Final = {
    "stages": "stage",
    "pipelines": "pipeline",
    "users": "user",
    "persons": "person",
    "organizations": "organization",
    "activity_types": "activity type",
    "labels": "label",
    "lead_labels": "label",
}
"""What one of each kind is called."""


SEARCHED: Final = frozenset({"persons", "organizations"})
"""Kinds that are too many for a list: one is searched for by its whole name."""


class LackError(Exception):
    """A list or a search that finding needs."""

    def __init__(self, name: str, sought: str | None = None) -> None:
        self.name, self.sought = name, sought


@dataclass
class Known:
    """What finding works from."""

    resource: str
    """Kind of record that the call is about."""
    lists: Callable[[str], Records | None]
    me: int | None = None
    hits: dict[tuple[str, str], Records] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """Lists that were asked."""
    meant: set[tuple[str, Any]] = field(default_factory=set)
    """What names were found to mean: a list, and an id or a key in it."""
    fresh: set[str] = field(default_factory=set)
    """Lists that were read for this very call."""

    def of(self, name: str) -> Records:
        """A list that is at hand."""
        self.used.add(name)
        found = self.lists(name)
        if found is None:
            raise LackError(name)
        return found

    def found(self, kind: str, name: str) -> Records:
        """What a search for the name gave."""
        hits = self.hits.get((kind, name))
        if hits is None:
            raise LackError(kind, name)
        return hits

    def id_of(self, kind: str, text: str, pipeline: Any = None) -> Any:
        """The id of the one thing of a kind that is called so; a stage may be told by its pipeline."""
        if kind == "users" and text.casefold() == "me":
            if self.me is None:
                raise LackError("me")
            return self.me
        if kind in SEARCHED:
            return self._record(kind, text)
        if kind == "labels":
            return self._label(text)
        records = [each for each in self.of(kind) if not each.get("is_deleted")]
        told: dict[int | str, str] = {}
        if kind == "stages":
            records, told = self._stages(records, pipeline, text)
        candidates: list[Candidate] = [(id_of(each), str(each.get("name") or "")) for each in records]
        if kind == "users":
            by_mail = [id_of(each) for each in records if same(str(each.get("email") or ""), text)]
            if len(by_mail) == 1:
                return self._means(kind, by_mail[0])
            told = {each["id"]: " (inactive)" for each in records if each.get("active_flag") is False}
        return self._means(kind, choose(NOUNS[kind], text, candidates, told=told))

    def _stages(self, records: Records, pipeline: Any, text: str) -> tuple[Records, dict[int | str, str]]:
        """The stages of the pipeline that is given, or all, where namesakes are told by their pipeline."""
        if str(pipeline).isdecimal():
            return [each for each in records if str(each.get("pipeline_id")) == str(pipeline)], {}
        if sum(same(str(each.get("name") or ""), text) for each in records) < 2:  # noqa: PLR2004  # one needs no telling
            return records, {}
        names = {each["id"]: each.get("name") for each in self.of("pipelines")}
        told = {each["id"]: f" in {names.get(each.get('pipeline_id'))!r}" for each in records}
        return records, told

    def _record(self, kind: str, text: str) -> Any:
        """A person or an organization, found by its whole name."""
        hits = [each for each in self.found(kind, text) if same(str(each.get("name") or ""), text)]
        if len(hits) == 1:
            return hits[0]["id"]
        noun = NOUNS[kind]
        if not hits:
            raise ArgumentsError(
                f"no {noun} is called {quoted(text)}; look with search_{kind} and give the id"
            )
        told = {each["id"]: _told(each) for each in hits}
        return choose(noun, text, [(each["id"], str(each["name"])) for each in hits], told=told)

    def _label(self, text: str) -> Any:
        if self.resource == "leads":
            labels = [(each["id"], str(each.get("name"))) for each in self.of("lead_labels")]
            return self._means("lead_labels", choose("label", text, labels))
        found = self.fields().by_key.get("label_ids")
        self._means(source_of(self.resource), "label_ids")
        return choose("label", text, [(each.id, each.label) for each in (found.options if found else ())])

    def fields(self) -> Fields:
        """The fields of the kind of record that the call is about."""
        name = source_of(self.resource)
        if name is None:
            raise ArgumentsError(f"{self.resource} have no fields with names")
        return Fields.read(self.resource, self.of(name))

    def custom(self, name: str) -> Field:
        """The custom field that a name means, or a key; what is written under a key needs its options only."""
        found = self.fields().custom(name)
        if name != found.key or found.options:
            self._means(source_of(self.resource), found.key)
        return found

    def any(self, name: str) -> Field:
        """The field that a name means, custom or built in."""
        found = self.fields().any(name)
        if found.is_custom and name != found.key:
            self._means(source_of(self.resource), found.key)
        return found

    def _means(self, name: str | None, id: Any) -> Any:
        """Note what a name was found to mean."""
        if name is not None:
            self.meant.add((name, id))
        return id


def _told(hit: Mapping[str, Any]) -> str:
    """What tells a hit from its namesakes: organization, e-mail, address."""
    organization = hit.get("organization")
    firm = organization.get("name") if isinstance(organization, dict) else None
    mails = hit.get("emails")
    more = firm or (mails[0] if isinstance(mails, list) and mails else None) or hit.get("address")
    return f", {quoted(str(more))}" if more else ""
