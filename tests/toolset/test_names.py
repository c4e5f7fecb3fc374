"""Names for ids in the arguments of real calls: what was sent, what it cost, and what a wrong name is told."""

import time
from pathlib import Path
from typing import Any

import pytest

from pipedrive_tools.gate.approval import Question, Ruling
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.settings import Settings
from pipedrive_tools.state import cache
from pipedrive_tools.state.cache import Kept
from pipedrive_tools.toolset import Toolset
from tests.toolset.conftest import EVERYTHING, Open, read, record, writes

FULL = Policy.full("a")


def codes(sandbox: Sandbox) -> dict[str, str]:
    """Keys of the deals' custom fields by name; of namesakes the last one's."""
    return {
        each["field_name"]: each["field_code"]
        for each in sandbox.records("deal_fields")
        if each["is_custom_field"]
    }


def paths(sandbox: Sandbox) -> list[str]:
    return [each["path"].rsplit("/", 1)[-1] for each in sandbox.log()]


def open_deal(sandbox: Sandbox) -> dict[str, Any]:
    return record(sandbox, "deals", status="open")


EVERY_KIND = [
    ("Contract number", "C-1", "C-1"),
    ("competitor", "Juniperloft", "Juniperloft"),
    ("Decision process", "long\ntext", "long\ntext"),
    ("Discount in percent", "12.5", 12.5),
    ("Budget", "1200 EUR", {"value": 1200, "currency": "EUR"}),
    ("Contract ends", "2026-12-31", "2026-12-31"),
    ("Pilot period", "2026-03-01 to 2026-04-01", {"value": "2026-03-01", "until": "2026-04-01"}),
    ("Best time to call", "9:30", {"value": "09:30:00"}),
    ("Support window", "09:00 to 17:00", {"value": "09:00:00", "until": "17:00:00"}),
    ("Products of interest", "scanners, Printers", [101, 102]),
    ("Region [354585]", "South", 107),
    ("Delivery address", "Kiln Yard 1", {"value": "Kiln Yard 1"}),
    ("Switchboard", "+44 1", "+44 1"),
    ("Sales engineer", "oskar pennarth", 2),
    ("Sales engineer", "me", 1),
]


@pytest.mark.parametrize(
    ("name", "value", "wire"), EVERY_KIND, ids=[f"{case[0]}-{case[1]}" for case in EVERY_KIND]
)
def test_every_kind(name: str, value: Any, wire: Any, connect: Open, sandbox: Sandbox) -> None:
    """Every kind of custom field is written under its name, and read back under it."""
    toolset = connect(FULL)
    made = toolset.call("create_deal", {"title": "x", "custom_fields": [{"name": name, "value": value}]})

    assert made.ok, made.text
    ((_, _, body),) = writes(sandbox)
    assert list(body["custom_fields"].values()) == [wire]
    shown = toolset.call("get_deal", {"deal_id": made.data["id"]}).text
    assert any(line.casefold().startswith(f"{name.casefold()}: ") for line in shown.splitlines()), shown


LEADS = [
    ("Budget", "1200 EUR", {"": 1200, "_currency": "EUR"}),
    ("Products of interest", ["Scanners", "Printers"], {"": "101,102"}),
    ("Region [354585]", "South", {"": "107"}),
    ("Support window", "09:00 to 17:00", {"": "09:00:00", "_until": "17:00:00"}),
]


@pytest.mark.parametrize(("name", "value", "wire"), LEADS, ids=[case[0] for case in LEADS])
def test_leads(name: str, value: Any, wire: dict[str, Any], connect: Open, sandbox: Sandbox) -> None:
    """A lead takes the deals' fields flat at its root, and shows them under their names."""
    toolset = connect(FULL)
    who = record(sandbox, "persons")["id"]
    made = toolset.call(
        "create_lead", {"title": "x", "person_id": who, "custom_fields": [{"name": name, "value": value}]}
    )

    assert made.ok, made.text
    ((_, _, body),) = writes(sandbox)
    assert {key[40:]: part for key, part in body.items() if len(key) >= 40} == wire
    assert f"\n{name}: " in toolset.call("get_lead", {"lead_id": made.data["id"]}).text


def test_overwrite_and_clear_by_name(connect: Open, sandbox: Sandbox) -> None:
    """Fields are named in overwrite and clear as they are called, parts of a lead's included."""
    toolset, who = connect(FULL), record(sandbox, "persons")["id"]
    filled = [{"name": "Budget", "value": "1 EUR"}, {"name": "Competitor", "value": "x"}]
    lead = toolset.call("create_lead", {"title": "x", "person_id": who, "custom_fields": filled}).data["id"]
    arguments: dict[str, Any] = {"lead_id": lead, "custom_fields": [{"name": "Budget", "value": "2 USD"}]}
    refused = toolset.call("update_lead", arguments | {"clear": ["competitor"]})
    assert "['Budget']" in refused.text

    done = toolset.call("update_lead", arguments | {"clear": ["competitor"], "overwrite": ["budget"]})
    assert done.ok, done.text
    body = writes(sandbox)[-1][2]
    assert sorted(map(str, body.values())) == ["2", "None", "USD"]


def test_ids_by_name(connect: Open, sandbox: Sandbox) -> None:
    """Stage, owner, label, person and organization are found by name; what was sent are ids."""
    person, firm = record(sandbox, "persons"), record(sandbox, "organizations")
    made = connect(FULL).call(
        "create_deal",
        {
            "title": "x",
            "stage_id": "offer sent",
            "pipeline_id": "Renewals",
            "owner_id": "Oskar Pennarth",
            "label_ids": ["hot"],
            "person_id": person["name"].upper(),
            "org_id": firm["name"],
        },
    )

    assert made.ok, made.text
    ((_, _, body),) = writes(sandbox)
    wanted = {"stage_id": 8, "pipeline_id": 2, "owner_id": 2, "label_ids": [1]}
    assert body == {"title": "x", "person_id": person["id"], "org_id": firm["id"], **wanted}


def test_lists_are_filtered_by_name(connect: Open, sandbox: Sandbox) -> None:
    """A filter takes a name as well; numbers as texts stay numbers and cost no look."""
    toolset = connect(FULL)
    found = toolset.call("list_deals", {"owner_id": "Oskar Pennarth", "stage_id": "4"})

    assert found.ok
    assert paths(sandbox) == ["users", "deals"]
    assert sandbox.log()[-1]["query"] == {"owner_id": "2", "stage_id": "4"}
    assert found.cost == 30
    by_mail = toolset.call("list_deals", {"owner_id": "oskar@sales.example"})
    assert by_mail.cost == 10


def test_activity_type_and_lead_labels(connect: Open, sandbox: Sandbox) -> None:
    """A type is found by its name, its key is taken as it is; a lead's label by its name."""
    toolset, who = connect(FULL), record(sandbox, "persons")["name"]
    made = toolset.call("create_activity", {"subject": "x", "type": "Incoming call", "participants": [who]})
    lead = toolset.call("create_lead", {"title": "x", "person_id": who, "label_ids": "warm"})

    assert made.ok, made.text
    assert lead.ok, lead.text
    assert writes(sandbox)[0][2]["type"] == "incoming_call"
    assert writes(sandbox)[1][2]["label_ids"] == ["89266843-7662-5863-ae53-bdbb6092f0cc"]


def test_nothing_is_looked_up_for_ids(connect: Open, sandbox: Sandbox) -> None:
    """Ids, keys of types and keys of fields cost no look."""
    deal, code = open_deal(sandbox), codes(sandbox)["Contract number"]
    arguments = {
        "subject": "x",
        "type": "call",
        "deal_id": deal["id"],
        "owner_id": 1,
        "person_id": deal["person_id"],
    }

    assert connect(FULL).call("create_activity", arguments).cost == 5
    made = connect(FULL).call(
        "create_deal", {"title": "x", "custom_fields": [{"name": code, "value": "C-1"}]}
    )
    assert made.cost == 5


WRONG = [
    ({"stage_id": "Ofer sent"}, "stage_id: there is no stage 'Ofer sent'; nearest: 'Offer sent'"),
    ({"owner_id": "Nobody"}, "owner_id: there is no user 'Nobody'"),
    ({"label_ids": ["Hott"]}, "label_ids: there is no label 'Hott'; nearest: 'Hot'"),
    (
        {"person_id": "Nobody At All"},
        "person_id: no person is called 'Nobody At All'; look with search_persons",
    ),
    ({"pipeline_id": ["Renewals"]}, "pipeline_id: one value is due, not a list"),
    ({"custom_fields": [{"name": "Budgit", "value": 1}]}, "no custom field 'Budgit'; nearest: 'Budget'"),
    (
        {"custom_fields": [{"name": "Region", "value": "x"}]},
        "use one of 'Region [354585]', 'Region [fd9dd7]'",
    ),
    ({"custom_fields": [{"name": "Value", "value": 1}]}, "pass it as 'value'"),
    (
        {"custom_fields": [{"name": "Region [354585]", "value": "Scanners"}]},
        "no option of 'Region' 'Scanners'; there are",
    ),
    ({"custom_fields": [{"name": "Region [354585]", "value": ["South"]}]}, "one label, not a list"),
    ({"custom_fields": [{"name": "Contract ends", "value": "next friday"}]}, "written YYYY-MM-DD"),
    ({"custom_fields": [{"name": "Contract ends", "value": None}]}, "blanks what its clear names"),
    (
        {"custom_fields": [{"name": "Sales engineer", "value": "Nobody"}]},
        "'Sales engineer': there is no user 'Nobody'",
    ),
    (
        {"custom_fields": [{"name": "Budget", "value": "1 EUR"}, {"name": "budget", "value": "2 EUR"}]},
        "given twice",
    ),
    ({"custom_fields": [{"name": "Competitor"}]}, "value: Field required"),
    ({"custom_fields": ["Competitor"]}, "custom_fields.0"),
    ({"custom_fields": "Competitor"}, "custom_fields: Input should be a valid list"),
    ({"overwrite": ["Competitr"]}, "nearest: 'Competitor'"),
    ({"overwrite": ["Created"]}, "not a field that update_deal changes"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG, ids=[case[1][:40] for case in WRONG])
def test_a_wrong_name(arguments: dict[str, Any], says: str, connect: Open, sandbox: Sandbox) -> None:
    """A name that cannot be found, or that several things have, is an error with the nearest; nothing is written."""
    deal = open_deal(sandbox)
    result = connect(FULL).call("update_deal", {"deal_id": deal["id"], "title": "x", **arguments})

    assert result.status == "invalid"
    assert says in result.text
    assert writes(sandbox) == []
    assert read(sandbox, "deals", deal["id"]) == deal


def test_all_wrong_names_at_once(connect: Open, sandbox: Sandbox) -> None:
    """One call tells all that is wrong with it, and which tools give what is right."""
    wrong = {"owner_id": "Nobody", "custom_fields": {"Budgit": 1, "Competitor": "x", "Contract ends": "soon"}}
    result = connect(FULL).call("update_deal", {"deal_id": open_deal(sandbox)["id"], **wrong})

    assert all(word in result.text for word in ("'Nobody'", "'Budgit'", "'soon'"))
    assert "owner_id comes from list_users." in result.text
    assert "custom_fields comes from list_deal_fields." in result.text


def test_namesakes_among_records(connect: Open, sandbox: Sandbox) -> None:
    """A name that two persons have is refused with both ids and what tells them apart."""
    toolset = connect(FULL)
    first, second = (
        toolset.call("create_person", {"name": "Ada Twin", "emails": [mail]})
        for mail in ("a@x.example", "b@x.example")
    )
    sent = len(writes(sandbox))
    result = toolset.call("create_deal", {"title": "x", "person_id": "ada twin"})

    assert "2 persons are called 'ada twin'" in result.text
    assert all(f"({each.data['id']})" in result.text for each in (first, second))
    assert len(writes(sandbox)) == sent


def test_namesakes_among_stages(connect: Open, sandbox: Sandbox) -> None:
    """A stage that two pipelines have is told by its pipeline, and found where the pipeline is given."""
    toolset = connect(FULL)
    for number in (1, 6):
        sandbox.put("stages", {**read(sandbox, "stages", number), "name": "Proposal"})
    both = toolset.call("create_deal", {"title": "x", "stage_id": "Proposal"})
    one = toolset.call("create_deal", {"title": "x", "stage_id": "Proposal", "pipeline_id": "Renewals"})

    assert "'Proposal' in 'New business' (1), 'Proposal' in 'Renewals' (6); give the id" in both.text
    assert one.data["stage_id"] == 6


def test_json_texts(connect: Open, sandbox: Sandbox) -> None:
    """Lists and objects that come as JSON text are understood."""
    made = connect(FULL).call(
        "create_deal",
        {
            "title": "x",
            "custom_fields": '[{"name": "Budget", "value": "{\\"value\\": 5, \\"currency\\": \\"EUR\\"}"}]',
            "label_ids": '["Hot"]',
        },
    )

    assert made.ok, made.text
    ((_, _, body),) = writes(sandbox)
    assert body["label_ids"] == [1]
    assert {"value": 5, "currency": "EUR"} in body["custom_fields"].values()


def test_fields_are_read_once(connect: Open, settings: Settings, sandbox: Sandbox) -> None:
    """Definitions are read once, by whichever process needs them first, and paid for by that call."""
    deal = next(each["id"] for each in sandbox.records("deals") if any(each["custom_fields"].values()))
    first = connect(FULL)
    assert [first.call("get_deal", {"deal_id": deal}).cost for _ in range(2)] == [11, 1]
    assert connect(FULL).call("get_deal", {"deal_id": deal}).cost == 1
    assert paths(sandbox).count("dealFields") == 1
    assert sum(row.cost for row in first.trail()) == 12


def test_an_old_list_is_read_again(connect: Open, sandbox: Sandbox) -> None:
    """A name that is missing from a list read earlier is looked for once more, and then said to be missing."""
    toolset = connect(FULL)
    directory = toolset._desk.directory
    with directory._store.hot(durable=False) as connection:
        old = Kept([{"id": 1, "name": "Old Name"}], time.time() - 60)
        cache.put(connection, directory._caller, "users", old)

    assert toolset.call("list_deals", {"owner_id": "Oskar Pennarth"}).ok
    assert paths(sandbox).count("users") == 1
    assert "the names were read just now" in toolset.call("list_deals", {"owner_id": "Old Name"}).text
    assert paths(sandbox).count("users") == 1


def test_lists_that_the_agent_reads_are_kept(connect: Open, sandbox: Sandbox) -> None:
    """A whole list that the agent asks for serves for names, too; a part of one does not."""
    toolset, deal = connect(FULL), open_deal(sandbox)
    toolset.call("list_stages", {"pipeline_id": 1})
    assert "(" not in toolset.call("list_deals", {"ids": [deal["id"]], "fields": ["stage_id"]}).text
    toolset.call("list_stages", {})
    name = read(sandbox, "stages", deal["stage_id"])["name"]
    assert f"{name} ({deal['stage_id']})" in toolset.call("list_deals", {"ids": [deal["id"]]}).text


def test_definitions_that_cannot_be_read(connect: Open, sandbox: Sandbox) -> None:
    """Without definitions a read shows keys, and a write by name stops with one error; keys still work."""
    deal = next(each for each in sandbox.records("deals") if any(each["custom_fields"].values()))
    toolset = connect(f"{EVERYTHING}\n[.limits]\ntokens_per_run = 9")
    shown = toolset.call("get_deal", {"deal_id": deal["id"]})
    by_name = toolset.call(
        "create_deal", {"title": "x", "custom_fields": [{"name": "Budget", "value": "1 EUR"}]}
    )
    by_key = toolset.call(
        "create_deal", {"title": "x", "custom_fields": [{"name": codes(sandbox)["Competitor"], "value": "y"}]}
    )

    assert any(f"\n{key}: " in shown.text for key in deal["custom_fields"])
    assert "8 of 9 left for this run" in shown.text
    assert by_name.status == "invalid"
    assert "give ids" in by_name.text
    assert by_key.ok, by_key.text


def test_rights(connect: Open, sandbox: Sandbox) -> None:
    """Names of what the policy keeps off are neither looked up nor shown."""
    toolset = connect('deals = "full"')
    for arguments in ({"owner_id": "Oskar Pennarth"}, {"person_id": "Ulrik Greywater"}):
        refused = toolset.call("list_deals", arguments)
        assert refused.status == "invalid"
        assert "may not be" in refused.text
    assert paths(sandbox) == []
    assert toolset.call("list_deals", {"owner_id": "me"}).ok


def test_hidden_names(connect: Open, sandbox: Sandbox) -> None:
    """A field that is never shown stays hidden in names, candidates and sentences."""
    toolset = connect(f'{EVERYTHING}\n[.fields]\nnever_show = ["account.name", "account.email"]')
    toolset.call("list_users", {})
    result = toolset.call("list_deals", {"owner_id": "Oskar"})

    assert "Pennarth" not in result.text
    assert "Pennarth" not in toolset.call("list_deals", {"limit": 3}).text


def test_rules_see_keys(connect: Open, sandbox: Sandbox) -> None:
    """A rule on a custom field's key holds against its name."""
    code = codes(sandbox)["Budget"]
    toolset = connect(f'{EVERYTHING}\n[.fields]\nnever_write = ["deals.{code}"]')
    result = toolset.call("create_deal", {"title": "x", "custom_fields": {"Budget": "1 EUR"}})

    assert result.status == "denied"
    assert writes(sandbox) == []


def test_a_person_is_asked_in_names(connect: Open, sandbox: Sandbox) -> None:
    """Who approves reads names of stages, fields and options; what is approved are ids."""
    asked: list[Question] = []

    def approve(question: Question) -> Ruling:
        asked.append(question)
        return Ruling(answer="approved", by="Ada")

    toolset = connect(f'{EVERYTHING}\n[.actions]\nupdate_deal = "ask"', approver=approve)
    deal = record(sandbox, "deals", status="open", pipeline_id=1)
    stage = "Negotiation" if deal["stage_id"] != 5 else "Qualified"
    key = codes(sandbox)["Products of interest"]
    done = toolset.call(
        "update_deal",
        {
            "deal_id": deal["id"],
            "stage_id": stage,
            "custom_fields": {key: [101]},
            "overwrite": ["stage_id", "Products of interest"],
        },
    )

    assert done.ok, done.text
    assert f'"{stage}" (' in asked[0].effect
    assert '"Products of interest" ' in asked[0].effect
    assert '"Scanners"' in asked[0].effect


def test_get_by_name(connect: Open, sandbox: Sandbox) -> None:
    """A record that is read is found by its exact name, a field's definition by the field's."""
    person = record(sandbox, "persons")
    toolset = connect(FULL)

    assert toolset.call("get_person", {"person_id": person["name"]}).data["id"] == person["id"]
    assert (
        toolset.call("get_deal_field", {"field_code": "Budget"}).data["field_code"]
        == codes(sandbox)["Budget"]
    )
    assert not toolset.call("get_activity_field", {"field_code": "No Such"}).ok


async def test_async(settings: Settings, tmp_path: Path, sandbox: Sandbox) -> None:
    """The asynchronous face finds names in the same way."""
    toolset = Toolset.connect("a", FULL, settings=settings)
    try:
        found = await toolset.acall("list_deals", {"owner_id": "me", "stage_id": "Negotiation"})
    finally:
        await toolset.aclose()
    assert found.ok
    assert sandbox.log()[-1]["query"] == {"owner_id": "1", "stage_id": "5"}
