"""`policy check` and `policy explain`: whether a policy file holds, and what it grants by which rule."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from pipedrive_tools.cli import output
from pipedrive_tools.cli.options import AsJson
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.errors import PolicyError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.verdict import Verdict, grant

command = typer.Typer()

File = Annotated[Path, typer.Argument(metavar="FILE", help="Policy file (TOML).")]
Agent = Annotated[str | None, typer.Option("--agent", metavar="NAME", help="Only this agent.")]
Tool = Annotated[str | None, typer.Option("--tool", metavar="NAME", help="Only this tool.")]


@command.command()
def check(file: File, *, agent: Agent = None, tool: Tool = None, as_json: AsJson = False) -> None:
    """Validate a policy file."""
    found = list(_decisions(Policy.load(file), agent, tool))
    agents = {name: 0 for name, _, _ in found}
    for name, _, verdict in found:
        agents[name] += verdict.decision != "deny"
    if as_json:
        output.document({"file": str(file), "holds": True, "granted": agents})
    else:
        granted = ", ".join(f"{name} may use {count}" for name, count in agents.items())
        output.line(
            f"{file} holds; of {1 if tool else len(catalogue)} tools, {granted or 'nobody may use any'}"
        )


@command.command()
def explain(file: File, *, agent: Agent = None, tool: Tool = None, as_json: AsJson = False) -> None:
    """Print agent by tool: what is decided, and the rule that decides it.

    A call may still be refused for what it touches: record scope, field rules, limits, foreign text read before.
    """
    found = list(_decisions(Policy.load(file), agent, tool))
    if as_json:
        output.document([_as_json(*decision) for decision in found])
    else:
        output.table(
            ["agent", "tool", "decision", "rule", "reason"],
            [[name, tool, verdict.decision, verdict.rule, verdict.reason] for name, tool, verdict in found],
            nothing="the policy names no agent, so no tool is allowed to anybody",
        )


def _decisions(policy: Policy, agent: str | None, tool: str | None) -> Iterator[tuple[str, str, Verdict]]:
    if agent is not None and agent not in policy.agents:
        known = ", ".join(policy.agents) or "nobody"
        raise PolicyError(f"the policy does not name the agent {agent!r}; it names: {known}")
    if tool is not None and tool not in catalogue:
        raise typer.BadParameter(f"there is no tool {tool!r}; `pipedrive-tools tools` lists them")
    for name in [agent] if agent else policy.agents:
        for entry in [catalogue[tool]] if tool else catalogue.values():
            yield name, entry.name, grant(policy, name, entry)


def _as_json(agent: str, tool: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "agent": agent,
        "tool": tool,
        "decision": verdict.decision,
        "rule": verdict.rule,
        "reason": verdict.reason,
    }
