"""Names that were read before somebody changed them at Pipedrive: the right field is written, or none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.sandbox import Sandbox
from pipedrive_tools.toolset import Toolset
from pipedrive_tools.toolset.finding import Finding
from pipedrive_tools.toolset.known import Known
from tests.toolset.conftest import Open, read, record, writes

FULL = Policy.full("a")
NEW = "c0ffee" + "0" * 34


def named(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """The first field of deals that is called so."""
    return next(each for each in sandbox.records("deal_fields") if each["field_name"] == name)


def renamed(sandbox: Sandbox, name: str, new: str) -> None:
    sandbox.put("deal_fields", {**named(sandbox, name), "field_name": new})


def added(sandbox: Sandbox, name: str) -> None:
    sandbox.put("deal_fields", {**named(sandbox, "Contract number"), "field_name": name, "field_code": NEW})


def replaced(sandbox: Sandbox) -> None:
    """The old field keeps its values under another name, and a new one takes the name."""
    renamed(sandbox, "Competitor", "Competitor before")
    added(sandbox, "Competitor")


def swapped(sandbox: Sandbox) -> None:
    renamed(sandbox, "Competitor", "between")
    renamed(sandbox, "Contract number", "Competitor")
    renamed(sandbox, "between", "Contract number")


def recreated(sandbox: Sandbox) -> None:
    sandbox.remove("deal_fields", named(sandbox, "Competitor")["field_code"])
    added(sandbox, "Competitor")


def relabelled(sandbox: Sandbox, name: str, labels: dict[int, str]) -> None:
    each = named(sandbox, name)
    options = [{**option, "label": labels.get(option["id"], option["label"])} for option in each["options"]]
    sandbox.put("deal_fields", {**each, "options": options})


def called(sandbox: Sandbox, table: str, names: dict[int, str]) -> None:
    for number, name in names.items():
        sandbox.put(table, {**read(sandbox, table, number), "name": name})


def custom(name: str, value: Any) -> dict[str, Any]:
    return {"custom_fields": [{"name": name, "value": value}]}


@dataclass(frozen=True)
class Case:
    """What somebody changes, what is then asked for in old names, and what may be sent."""

    change: Callable[[Sandbox], None]
    arguments: dict[str, Any]
    says: str
    """What the first answer tells."""
    then: Callable[[Sandbox], dict[str, Any]] | None = None
    """What the same call sends when it is made again; None where the name is no longer there."""


CASES = {
    "a field renamed": Case(
        lambda box: renamed(box, "Competitor", "Rival"),
        custom("Competitor", "x"),
        "the field 'Competitor' is called 'Rival' now; the names were read just now",
    ),
    "another field under the name": Case(
        replaced,
        custom("Competitor", "x"),
        "the field 'Competitor' is called 'Competitor before' now",
        lambda _: {"custom_fields": {NEW: "x"}},
    ),
    "two names swapped": Case(
        swapped,
        custom("Competitor", "x"),
        "names mean something else than when they were read",
        lambda box: {"custom_fields": {named(box, "Competitor")["field_code"]: "x"}},
    ),
    "a field made anew": Case(
        recreated,
        custom("competitor", "x"),
        "the field 'Competitor' is no longer there",
        lambda _: {"custom_fields": {NEW: "x"}},
    ),
    "an option relabelled": Case(
        lambda box: relabelled(box, "Products of interest", {101: "Devices"}),
        custom("Products of interest", ["Scanners"]),
        "no option of 'Products of interest' 'Scanners'",
    ),
    "two labels swapped": Case(
        lambda box: relabelled(box, "Products of interest", {101: "Printers", 102: "Scanners"}),
        custom("Products of interest", ["Scanners"]),
        "the options of 'Products of interest' were changed",
        lambda box: {"custom_fields": {named(box, "Products of interest")["field_code"]: [102]}},
    ),
    "a field by its key, two labels swapped": Case(
        lambda box: relabelled(box, "Products of interest", {101: "Printers", 102: "Scanners"}),
        custom("9e425a9849ee7b41854311556e329c8bb14a3d42", ["Scanners"]),
        "the options of 'Products of interest' were changed",
        lambda box: {"custom_fields": {named(box, "Products of interest")["field_code"]: [102]}},
    ),
    "labels of deals swapped": Case(
        lambda box: relabelled(box, "Labels", {1: "Cold", 3: "Hot"}),
        {"label_ids": ["Hot"]},
        "the options of 'Labels' were changed",
        lambda _: {"label_ids": [3]},
    ),
    "stages swapped": Case(
        lambda box: called(box, "stages", {4: "Negotiation", 5: "Proposal made"}),
        {"stage_id": "Negotiation"},
        "is called 'Proposal made' now",
        lambda _: {"stage_id": 4},
    ),
    "users swapped": Case(
        lambda box: called(box, "users", {1: "Oskar Pennarth", 2: "Somebody Else"}),
        {"owner_id": "Oskar Pennarth"},
        "the user 'Oskar Pennarth' is called 'Somebody Else' now",
        lambda _: {"owner_id": 1},
    ),
}


def warmed(connect: Open) -> Toolset:
    """A toolset that has read every list of names."""
    toolset = connect(FULL)
    for name in ("list_deal_fields", "list_stages", "list_users"):
        assert toolset.call(name, {}).ok
    return toolset


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_changed_since(case: Case, connect: Open, sandbox: Sandbox) -> None:
    """A name that means something else by now is told and nothing is sent; asked again, the right field is written."""
    toolset = warmed(connect)
    case.change(sandbox)
    result = toolset.call("create_deal", {"title": "x", **case.arguments})

    assert result.status == "invalid", result.text
    assert case.says in result.text
    assert writes(sandbox) == []
    again = toolset.call("create_deal", {"title": "x", **case.arguments})
    assert again.ok is (case.then is not None), again.text
    assert [body for _, _, body in writes(sandbox)] == (
        [{"title": "x", **case.then(sandbox)}] if case.then else []
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_old_names_alone_go_wrong(case: Case, connect: Open, sandbox: Sandbox) -> None:
    """Found by what is kept and by nothing else, each of these calls would write what nobody means any more."""
    toolset = warmed(connect)
    case.change(sandbox)
    found = Finding(catalogue["create_deal"], case.arguments, Known("deals", toolset._desk.directory.kept))
    call = catalogue["create_deal"].check({"title": "x", **found.all()})

    assert found.problems == []
    assert dict(call.values) != {"title": "x", **(case.then(sandbox) if case.then else {})}


def test_a_field_to_blank(connect: Open, sandbox: Sandbox) -> None:
    """Old names in clear and overwrite blank and replace nothing either."""
    toolset, deal = warmed(connect), record(sandbox, "deals", status="open")
    for arguments in ({"clear": ["Competitor"]}, {"title": "x", "overwrite": ["Competitor"]}):
        swapped(sandbox)
        result = toolset.call("update_deal", {"deal_id": deal["id"], **arguments})
        assert "names mean something else" in result.text
    assert writes(sandbox) == []


def test_a_lead(connect: Open, sandbox: Sandbox) -> None:
    """A lead has the deals' fields, and is as safe."""
    toolset, who = warmed(connect), record(sandbox, "persons")["id"]
    replaced(sandbox)
    arguments = {"title": "x", "person_id": who, **custom("Competitor", "x")}
    assert "is called 'Competitor before' now" in toolset.call("create_lead", arguments).text
    assert toolset.call("create_lead", arguments).ok
    ((_, _, body),) = writes(sandbox)
    assert body == {"title": "x", "person_id": who, NEW: "x"}


def test_what_does_not_matter(connect: Open, sandbox: Sandbox) -> None:
    """A change that leaves the call's meaning alone stops nothing; the list is read anew once."""
    toolset = warmed(connect)
    relabelled(sandbox, "Products of interest", {104: "Service"})
    done = [
        toolset.call("create_deal", {"title": title, **custom("Products of interest", ["Scanners"])})
        for title in ("x", "y")
    ]

    assert [each.ok for each in done] == [True, True]
    assert [each.cost for each in done] == [5 + 1 + 10, 5 + 1]


COSTS: list[tuple[str, dict[str, Any], int]] = [
    (
        "ids and keys",
        {"stage_id": 4, "owner_id": 2, **custom("0dd6f43e18c327737f521c39266e694bb34e3037", "x")},
        0,
    ),
    ("one field", custom("Competitor", "x"), 1),
    ("me", {"owner_id": "me"}, 0),
    (
        "a stage, an owner and a field",
        {"stage_id": "Proposal made", "owner_id": "Oskar Pennarth", **custom("Competitor", "x")},
        4,
    ),
    (
        "more fields than the list costs",
        {
            "custom_fields": {
                "Contract number": "1",
                "Competitor": "x",
                "Decision process": "x",
                "Discount in percent": 1,
                "Budget": "1 EUR",
                "Contract ends": "2026-12-31",
                "Pilot period": "2026-03-01 to 2026-04-01",
                "Best time to call": "9:30",
                "Support window": "09:00 to 17:00",
                "Switchboard": "1",
                "Delivery address": "x",
            }
        },
        10,
    ),
]


@pytest.mark.parametrize(("arguments", "more"), [case[1:] for case in COSTS], ids=[case[0] for case in COSTS])
def test_what_it_costs(arguments: dict[str, Any], more: int, connect: Open, sandbox: Sandbox) -> None:
    """A write by names costs one token a name more, two for a user, and the list at most; the result counts it."""
    toolset = warmed(connect)
    before = sum(each["cost"] for each in sandbox.log())
    made = toolset.call("create_deal", {"title": "x", **arguments})

    assert made.ok, made.text
    assert made.cost == 5 + more == sum(each["cost"] for each in sandbox.log()) - before
    assert f"cost: {5 + more} " in made.text


def test_what_this_call_has_read(connect: Open, sandbox: Sandbox) -> None:
    """A list that was read for this very call is not asked again."""
    made = connect(FULL).call("create_deal", {"title": "x", **custom("Competitor", "x")})
    assert made.cost == 5 + 10


def test_a_read_confirms_nothing(connect: Open, sandbox: Sandbox) -> None:
    """A filter by an old name costs nothing more: it changes nothing."""
    assert warmed(connect).call("list_deals", {"stage_id": "Proposal made"}).cost == 10


def test_too_dear(connect: Open, sandbox: Sandbox) -> None:
    """Where the run cannot pay for the look, nothing is sent."""
    text = '[agents.a]\ndeals = "full"\n[agents.a.limits]\ntokens_per_run = 10'
    toolset = connect(Policy.parse(text))
    assert toolset.call("list_deal_fields", {}).ok
    result = toolset.call("create_deal", {"title": "x", **custom("Competitor", "x")})

    assert "costs 1 tokens more than are left; give ids" in result.text
    assert writes(sandbox) == []


def test_a_field_that_is_newer_than_the_names(connect: Open, sandbox: Sandbox) -> None:
    """A key that no definition tells has them read once more, and the answer shows its name."""
    toolset = warmed(connect)
    added(sandbox, "Newest")
    deal = record(sandbox, "deals", status="open")
    sandbox.put("deals", {**deal, "custom_fields": {**deal["custom_fields"], NEW: "shown"}})
    shown = [toolset.call("get_deal", {"deal_id": deal["id"]}) for _ in range(2)]

    assert ["\nNewest: shown\n" in each.text for each in shown] == [True, True]
    assert [each.cost for each in shown] == [11, 1]


def test_an_option_that_is_newer_than_the_names(connect: Open, sandbox: Sandbox) -> None:
    """So has an option."""
    toolset = warmed(connect)
    products, deal = named(sandbox, "Products of interest"), record(sandbox, "deals", status="open")
    sandbox.put("deal_fields", {**products, "options": [*products["options"], {"id": 999, "label": "Maps"}]})
    sandbox.put("deals", {**deal, "custom_fields": {products["field_code"]: [999]}})

    assert "\nProducts of interest: Maps\n" in toolset.call("get_deal", {"deal_id": deal["id"]}).text


def test_a_key_that_nobody_knows(connect: Open, sandbox: Sandbox) -> None:
    """A key that stays unknown is asked for once, not with every read."""
    toolset, deal = warmed(connect), record(sandbox, "deals", status="open")
    sandbox.put("deals", {**deal, "custom_fields": {NEW: "shown"}})

    assert [toolset.call("get_deal", {"deal_id": deal["id"]}).cost for _ in range(3)] == [11, 1, 1]
