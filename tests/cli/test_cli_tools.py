import json
from pathlib import Path
from typing import get_args

import pytest

from pipedrive_tools import schema
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.verdict import grant
from pipedrive_tools.toolset.profiles import profile
from tests.cli.conftest import POLICY, Run


def test_every_tool_is_listed(run: Run) -> None:
    """Without a policy the whole catalogue is shown, and the tools made of several: access, scope, version, cost."""
    ran = run("tools")
    lines = ran.out.splitlines()

    assert lines[0].split() == ["tool", "access", "scope", "version", "cost"]
    assert [line.split()[0] for line in lines[1:]] == [*catalogue, *COMPOSITES]
    assert "\x1b" not in ran.out


def test_a_policy_leaves_what_it_grants(run: Run, policy: Path) -> None:
    """With `--policy --agent` only granted tools are shown, each with its decision."""
    ran = run("tools", "--policy", str(policy), "--agent", "clerk", "--json")
    shown = {tool["name"]: tool for tool in json.loads(ran.out)}
    rights = Policy.load(policy)
    granted = {name for name, entry in catalogue.items() if grant(rights, "clerk", entry).decision != "deny"}

    assert set(shown) == granted | {"find"}
    assert shown["find"]["decision"] == "allow"
    assert shown["delete_deal"]["decision"] == "ask"
    assert shown["delete_deal"]["rule"] == "agents.clerk.actions.delete_deal"


def test_a_profile_leaves_what_it_names(run: Run, policy: Path) -> None:
    """`--profile` narrows the list, the policy all the same; an unknown one is wrong use."""
    shown = {line.split()[0] for line in run("tools", "--profile", "reader").out.splitlines()[1:]}
    granted = run("tools", "--profile", "core", "--policy", str(policy), "--agent", "reader").out.splitlines()

    assert shown == set(profile("reader"))
    assert {line.split()[0] for line in granted[1:]} == {"list_deals", "get_deal", "search_deals"}
    assert run("tools", "--profile", "readr").code == 2


def test_what_several_calls_cost_is_told_before(run: Run, policy: Path) -> None:
    """A tool that is made of several shows what it costs at most, and one whose part asks a person asks, too."""
    tools = {tool["name"]: tool for tool in json.loads(run("tools", "--json").out)}
    policy.write_text(POLICY + '[agents.reader.actions]\nsearch_deals = "ask"\n')
    asks = json.loads(run("tools", "--policy", str(policy), "--agent", "reader", "--json").out)

    assert (tools["get_deal_overview"]["cost"], tools["find"]["cost"]) == (63, 80)
    assert "at most 63" in tools["get_deal_overview"]["description"]
    assert {tool["name"]: tool["decision"] for tool in asks}["find"] == "ask"


def test_one_half_of_a_policy_comes_from_the_environment(run: Run) -> None:
    """`--agent` alone goes with PIPEDRIVE_POLICY."""
    assert len(run("tools", "--agent", "reader").out.splitlines()) < len(catalogue)


def test_half_a_policy_is_wrong_use(run: Run, policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy without an agent decides nothing."""
    monkeypatch.delenv("PIPEDRIVE_AGENT")
    ran = run("tools", "--policy", str(policy))

    assert (ran.code, ran.out) == (2, "")
    assert "pass --agent too" in ran.err


def test_json_has_stable_keys(run: Run) -> None:
    """Programs find these keys."""
    keys = {"name", "access", "resource", "scopes", "version", "cost", "description"}

    assert all(set(tool) == keys for tool in json.loads(run("tools", "--json").out))


@pytest.mark.parametrize("dialect", get_args(schema.Dialect))
def test_definitions_are_those_of_the_dialect(dialect: schema.Dialect, run: Run) -> None:
    """`--dialect` prints what `schema.export` gives."""
    ran = run("tools", "--dialect", dialect)

    assert json.loads(ran.out) == [
        schema.export(entry, dialect) for entry in (*catalogue.values(), *COMPOSITES.values())
    ]


def test_a_policy_is_checked_in_one_line(run: Run, policy: Path) -> None:
    """`policy check` says that it holds, and for whom."""
    ran = run("policy", "check", str(policy))

    assert ran.code == 0
    assert ran.out.count("\n") == 1
    assert "holds" in ran.out
    assert "clerk may use" in ran.out


@pytest.mark.parametrize(
    "text",
    [
        "[agents.x]\ncolour = 'full'",
        "[agents.x]\ndeals = 'ful'",
        "[agents.x.actions]\ndelete_deals = 'ask'",
        "[agents.x.fields]\nnever_show = ['deals.colour']",
        "agents = ",
        "\x00",
    ],
)
@pytest.mark.parametrize("command", ["check", "explain"])
def test_a_policy_that_does_not_hold_is_one_line(command: str, text: str, run: Run, tmp_path: Path) -> None:
    """Whatever is wrong with the file, the line names the file."""
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    ran = run("policy", command, str(path))

    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "wrong.toml" in ran.err


def test_explain_decides_every_agent_and_tool(run: Run, policy: Path) -> None:
    """The table holds agent by tool, each with the rule that `grant` gives."""
    rows = json.loads(run("policy", "explain", str(policy), "--json").out)
    rights = Policy.load(policy)

    assert len(rows) == len(rights.agents) * len(catalogue)
    for row in rows:
        verdict = grant(rights, row["agent"], catalogue[row["tool"]])
        assert (row["decision"], row["rule"]) == (verdict.decision, verdict.rule)


def test_explain_can_be_narrowed(run: Run, policy: Path) -> None:
    """`--agent` and `--tool` leave one row."""
    ran = run("policy", "explain", str(policy), "--agent", "reader", "--tool", "delete_deal")

    assert len(ran.out.splitlines()) == 2
    assert "deny" in ran.out


@pytest.mark.parametrize("words", [("--agent", "nobody"), ("--tool", "nothing")])
def test_explain_knows_its_names(words: tuple[str, str], run: Run, policy: Path) -> None:
    """An unknown agent or tool is an error that names it."""
    ran = run("policy", "explain", str(policy), *words)

    assert ran.code != 0
    assert repr(words[1]) in ran.err


def test_a_policy_that_names_nobody_says_so(run: Run, tmp_path: Path) -> None:
    """An empty policy holds and grants nothing."""
    path = tmp_path / "empty.toml"
    path.write_text("", encoding="utf-8")

    assert "nobody may use any" in run("policy", "check", str(path)).out
    assert "no tool is allowed to anybody" in run("policy", "explain", str(path)).out
