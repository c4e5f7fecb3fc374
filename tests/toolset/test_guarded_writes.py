from dataclasses import replace
from typing import Any, Final

import pytest

from pipedrive_tools.endpoint import Effect
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from tests.calls import calls
from tests.toolset.conftest import Open, record, writes

WRITES: Final = [name for name, entry in catalogue.items() if entry.effect.writes]
UPDATES: Final = [name for name, entry in catalogue.items() if entry.effect is Effect.UPDATE]
FULL: Final = Policy.full("a")


def changed(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments without leave to replace anything, and without what steers the toolset."""
    return {key: value for key, value in arguments.items() if key not in {"overwrite", "dry_run"}}


@pytest.mark.parametrize("name", UPDATES)
def test_without_leave(name: str, connect: Open, sandbox: Sandbox) -> None:
    """No update replaces what is filled unless it is named: nothing is sent, and the refusal names the fields."""
    arguments = changed(name, calls(sandbox)[name])
    result = connect(FULL).call(name, arguments)

    assert result.status == "invalid"
    assert "would replace" in result.text
    assert "Nothing was changed" in result.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("name", UPDATES)
def test_with_leave(name: str, connect: Open, sandbox: Sandbox) -> None:
    """With the fields named the update is sent once; the same values again are nothing to change."""
    arguments = calls(sandbox)[name]
    first = connect(FULL).call(name, arguments)
    assert first.ok, first.text
    assert len(writes(sandbox)) == 1

    second = connect(FULL).call(name, arguments)
    assert second.status == "invalid", second.text
    assert "nothing to change" in second.text
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("name", UPDATES)
def test_nothing_named(name: str, connect: Open, sandbox: Sandbox) -> None:
    """An update that names no field is refused before anything is read, and null is no value."""
    path = {key: calls(sandbox)[name][key] for key in catalogue[name].path_arguments}
    nulls = dict.fromkeys(set(catalogue[name].model.model_fields) - set(path))
    before = len(sandbox.log())
    for arguments in (path, {**nulls, **path}):
        assert connect(FULL).call(name, arguments).status == "invalid"
    assert len(sandbox.log()) == before


@pytest.mark.parametrize("name", UPDATES)
def test_another_version(name: str, connect: Open, sandbox: Sandbox) -> None:
    """An update of a record that moved on is refused, whatever it may overwrite."""
    arguments = calls(sandbox)[name] | {"expect_version": "2001-01-01T00:00:00Z"}
    result = connect(FULL).call(name, arguments)

    assert result.status == "invalid"
    assert "moved on" in result.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("floor", ["the call", "the settings"])
@pytest.mark.parametrize("name", WRITES)
def test_a_rehearsal(name: str, floor: str, connect: Open, sandbox: Sandbox, settings: Settings) -> None:
    """A rehearsal shows the effect and sends nothing; the settings are a floor that no call can leave."""
    arguments = calls(sandbox)[name] | {"dry_run": floor == "the call"}
    toolset = connect(FULL, settings=replace(settings, dry_run=floor == "the settings"))
    result = toolset.call(name, arguments)

    assert result.ok, result.text
    assert "rehearsal, nothing was sent" in result.text
    assert result.data["dry_run"] is True
    assert writes(sandbox) == []
    assert connect(FULL).call(name, arguments | {"dry_run": False}).ok
    assert len(writes(sandbox)) == 1


def test_null_and_clear(connect: Open, sandbox: Sandbox) -> None:
    """Null leaves a field alone and never travels; blanking is asked for by name."""
    deal = record(sandbox, "deals", status="open")
    toolset = connect(FULL)
    label = sandbox.records("deal_fields")
    options = next(each["options"] for each in label if each["field_code"] == "label_ids")
    assert toolset.call("update_deal", {"deal_id": deal["id"], "label_ids": [options[0]["id"]]}).status in {
        "ok",
        "invalid",
    }
    result = toolset.call(
        "update_deal", {"deal_id": deal["id"], "value": None, "title": None, "clear": ["label_ids"]}
    )

    assert result.ok, result.text
    assert writes(sandbox)[-1][2] == {"label_ids": []}


def test_lists_are_kept(connect: Open, sandbox: Sandbox) -> None:
    """An address that is added to a person leaves every other one where it was, and one primary."""
    person = next(each for each in sandbox.records("persons") if each["emails"] and not each["is_deleted"])
    result = connect(FULL).call("update_person", {"person_id": person["id"], "emails": ["new@example.com"]})

    assert result.ok, result.text
    after = next(each for each in sandbox.records("persons") if each["id"] == person["id"])["emails"]
    told = [each["value"] for each in after]
    assert told == [*(each["value"] for each in person["emails"]), "new@example.com"]
    assert sum(each["primary"] for each in after) == 1


def test_attendees_are_kept(connect: Open, sandbox: Sandbox) -> None:
    """Attendees, which a plain read does not show, are read before they are added to."""
    activity = record(sandbox, "activities", done=False)["id"]
    first = connect(FULL).call(
        "update_activity", {"activity_id": activity, "attendees": ["a@example.com", "b@example.com"]}
    )
    second = connect(FULL).call("update_activity", {"activity_id": activity, "attendees": ["c@example.com"]})

    assert first.ok, first.text
    assert second.ok, second.text
    sent = [each["email"] for each in writes(sandbox)[-1][2]["attendees"]]
    assert sent == ["a@example.com", "b@example.com", "c@example.com"]


def test_a_record_that_is_not_there(connect: Open, sandbox: Sandbox) -> None:
    """What cannot be read is not written."""
    result = connect(FULL).call("update_deal", {"deal_id": 999999, "title": "X", "overwrite": ["title"]})

    assert result.status == "failed"
    assert "Nothing was changed" in result.text
    assert writes(sandbox) == []
