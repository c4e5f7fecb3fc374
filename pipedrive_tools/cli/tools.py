"""`tools`: the catalogue, or what a policy grants of it, as a table, as JSON or as tool definitions."""

from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from pipedrive_tools import schema
from pipedrive_tools.cli import output
from pipedrive_tools.cli.options import AgentName, AsJson, PolicyFile, one_of
from pipedrive_tools.cli.profile import ProfileName
from pipedrive_tools.endpoint import Endpoint
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.endpoints.composites import COMPOSITES, Composite
from pipedrive_tools.endpoints.profiles import PROFILES
from pipedrive_tools.errors import PolicyError
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.verdict import Verdict, grant
from pipedrive_tools.settings import Settings

Entry = Endpoint[..., Any] | Composite
Tool = tuple[Entry, Verdict | None]
"""A tool, and what the policy says of it where one was named."""


def command(
    *,
    policy: PolicyFile = None,
    agent: AgentName = None,
    as_json: AsJson = False,
    dialect: Annotated[
        str | None,
        typer.Option(
            parser=one_of(get_args(schema.Dialect)),
            metavar="|".join(get_args(schema.Dialect)),
            help="Print the tools' definitions in the form of one provider, as JSON.",
        ),
    ] = None,
    profile_name: ProfileName = None,
) -> None:
    """Print the tools, and what a call costs in Pipedrive's tokens: at most, where several calls are one tool."""
    wanted = PROFILES[profile_name or "all"]
    found = [tool for tool in _tools(policy, agent) if tool[0].name in wanted]
    if dialect:
        output.document([schema.export(entry, cast("schema.Dialect", dialect)) for entry, _ in found])
    elif as_json:
        output.document([_as_json(*tool) for tool in found])
    else:
        columns = ["tool", "access", "scope", "version", "cost"]
        decided = policy is not None or agent is not None
        output.table(
            [*columns, "policy"] if decided else columns,
            [[*_row(entry), *([verdict.decision] if verdict else [])] for entry, verdict in found],
            nothing="the policy grants this agent no tool",
        )


def _tools(policy: Path | None, agent: str | None) -> list[Tool]:
    """Every tool; with a policy and an agent, those that are granted."""
    if policy is None and agent is None:
        return [
            *((entry, None) for entry in catalogue.values()),
            *((tool, None) for tool in COMPOSITES.values()),
        ]
    settings = Settings.from_env()
    path, name = policy or settings.policy, agent or settings.agent
    if not path or not name:
        raise typer.BadParameter(
            f"what is granted depends on a policy and an agent; pass {'--agent' if path else '--policy'} too"
        )
    rights = Policy.load(path)
    if name not in rights.agents:
        raise PolicyError(f"{path} does not name the agent {name!r}; it names {', '.join(rights.agents)}")
    single: list[Tool] = [(entry, grant(rights, name, entry)) for entry in catalogue.values()]
    several: list[Tool] = [(tool, _together(tool, rights, name)) for tool in COMPOSITES.values()]
    return [
        (entry, verdict) for entry, verdict in (*single, *several) if verdict and verdict.decision != "deny"
    ]


def _together(tool: Composite, rights: Policy, agent: str) -> Verdict | None:
    """What becomes of a tool that is made of several: a person is asked where one of its parts asks."""
    parts = tool.granted(lambda part: grant(rights, agent, part).decision != "deny")
    verdicts = [grant(rights, agent, part) for part in parts]
    return next((each for each in verdicts if each.decision == "ask"), next(iter(verdicts), None))


def _row(entry: Entry) -> list[str]:
    return [entry.name, entry.effect.value, entry.scopes[0], entry.version, str(entry.cost)]


def _as_json(entry: Entry, verdict: Verdict | None) -> dict[str, Any]:
    tool = {
        "name": entry.name,
        "access": entry.effect.value,
        "resource": entry.resource,
        "scopes": list(entry.scopes),
        "version": entry.version,
        "cost": entry.cost,
        "description": schema.purpose(entry),
    }
    return tool | ({"decision": verdict.decision, "rule": verdict.rule} if verdict else {})
