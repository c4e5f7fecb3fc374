"""Random requests: a policy as plain data, a small company, a call on it, and what was used up before.

Everything is drawn as plain values, so that an oracle can judge them without the code under test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from pipedrive_tools.endpoint import Call
from pipedrive_tools.endpoints import catalogue
from pipedrive_tools.gate.policy import Policy
from pipedrive_tools.gate.scope import Facts
from pipedrive_tools.gate.verdict import Counters, Taint
from tests.endpoints.examples import EXAMPLES, FIELD_KEY

AGENT: Final = "worker"
ME: Final = 7
OWNERS: Final = (ME, 8, 9)
STAGES: Final = {1: 1, 2: 1, 3: 2, 4: 2}
"""Pipeline by stage."""
LEADS: Final = ("adf21080-0e10-11eb-879b-05d71fb42601", "adf21080-0e10-11eb-879b-05d71fb42602")
RESOURCES: Final = (
    "deals",
    "persons",
    "organizations",
    "activities",
    "leads",
    "notes",
    "pipelines",
    "account",
    "webhooks",
)
FIELDS: Final = (
    "deals.value",
    "deals.title",
    "deals.stage_id",
    "deals.pipeline_id",
    "deals.owner_id",
    f"deals.{FIELD_KEY}",
    "deals.lost_reason",
    "persons.emails",
    "persons.name",
    "organizations.name",
    "leads.value",
    "leads.title",
    "activities.person_id",
    "activities.participants",
    "activities.attendees",
    "activities.subject",
    "notes.content",
)
NUMBERS: Final = ("deals.value", "leads.value", f"deals.{FIELD_KEY}")
LIMITS: Final = tuple(
    f"{what}_per_{when}" for what in ("writes", "tokens", "rows", "value") for when in ("run", "day")
)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One request and all that is known of it."""

    rights: Mapping[str, Any]
    """The agent's table of the policy file."""
    agent: str
    tool: str
    arguments: Mapping[str, Any]
    world: Mapping[tuple[str, int | str], Mapping[str, Any]]
    """Every record that was read, by resource and number."""
    used: Mapping[str, float]
    counted: frozenset[str]
    me: int | None
    tainted: bool
    started_for: frozenset[tuple[str, int | str]] = field(default_factory=frozenset)

    @property
    def call(self) -> Call[Any]:
        """The call, as the gate takes it."""
        return catalogue[self.tool].check(self.arguments)

    @property
    def facts(self) -> Facts:
        """What was read, as the gate takes it."""
        records: Any = self.world
        return Facts(records=records, me=self.me, counted=self.counted)

    @property
    def counters(self) -> Counters:
        """What was used up, as the gate takes it."""
        return Counters(**self.used)  # type: ignore[arg-type]  # whole numbers, by name

    @property
    def taint(self) -> Taint:
        """What was read before, as the gate takes it."""
        started: Any = self.started_for
        return Taint(tainted=self.tainted, started_for=started)


def some(random: Random, items: Any, share: float) -> list[Any]:
    return [item for item in items if random.random() < share]


def rights(random: Random) -> dict[str, Any]:
    """A random table of a policy file."""
    drawn: dict[str, Any] = {
        name: random.choice(("off", "read", "full", "full", "full")) for name in RESOURCES
    }
    drawn["actions"] = {
        name: random.choice(("off", "ask", "allow", "allow")) for name in some(random, catalogue, 0.25)
    }
    drawn["tainted"] = {name: random.choice(("off", "ask", "allow")) for name in some(random, catalogue, 0.1)}
    drawn["limits"] = {name: random.choice((0, 1, 5, 50, 5000)) for name in some(random, LIMITS, 0.08)}
    fields: dict[str, Any] = {"never_write": some(random, FIELDS, 0.04)}
    fields["max"] = {name: random.choice((0, 100, 1000)) for name in some(random, NUMBERS, 0.15)}
    drawn["fields"] = fields
    records: dict[str, Any] = {}
    if random.random() < 0.3:
        records["pipelines"] = some(random, (1, 2), 0.6)
    if random.random() < 0.2:
        records["stages"] = some(random, STAGES, 0.7)
    if random.random() < 0.3:
        records["owners"] = some(random, ("me", 8, 9), 0.6)
    drawn["records"] = records
    return drawn


def company(random: Random) -> dict[tuple[str, int | str], dict[str, Any]]:
    """A few records of each kind, hanging on each other at random."""
    made: dict[tuple[str, int | str], dict[str, Any]] = {
        ("pipelines", stage): {"pipeline_id": pipeline} for stage, pipeline in STAGES.items()
    }
    for number in (1, 2, 3):
        made["persons", number] = {"owner_id": random.choice(OWNERS)}
        made["organizations", number] = {"owner_id": random.choice(OWNERS)}
        stage = random.choice(list(STAGES))
        made["deals", number] = {
            "stage_id": stage,
            "pipeline_id": STAGES[stage],
            "owner_id": random.choice((*OWNERS, None)),
            "value": random.choice((None, 0, 50, 900, -200)),
            "person_id": random.choice((None, 1, 2)),
            "org_id": random.choice((None, 1, 2)),
        }
    for key in LEADS:
        made["leads", key] = {
            "owner_id": random.choice(OWNERS),
            "person_id": random.choice((1, 2)),
            "organization_id": random.choice((None, 1, 2)),
            "value": random.choice((None, {"amount": 70, "currency": "EUR"})),
        }
    for number in (1, 2, 3, 4):
        hung = {
            "deal_id": random.choice((None, 1, 2, 3)),
            "lead_id": random.choice((None, None, LEADS[0])),
            "person_id": random.choice((None, 1, 2, 3)),
            "org_id": random.choice((None, 1, 2)),
        }
        made["activities", number] = {**hung, "owner_id": random.choice(OWNERS)}
        made["webhooks", number] = {"user_id": random.choice(OWNERS)}
        made["notes", number] = {**hung, "user_id": random.choice(OWNERS)}
    return made


def _hung(random: Random) -> dict[str, Any]:
    return {
        "deal_id": random.choice((1, 2, 3)),
        "lead_id": random.choice(LEADS),
        "person_id": random.choice((1, 2, 3)),
        "org_id": random.choice((1, 2)),
    }


def _possible(random: Random, resource: str) -> dict[str, Any]:
    """Arguments that a write of this resource may have."""
    owner, stage, label = random.choice(OWNERS), random.choice(list(STAGES)), random.choice("ABC")
    custom = [
        {"name": FIELD_KEY, "value": random.choice((5, 500, "many", {"value": 700, "currency": "EUR"}))}
    ]
    possible: dict[str, dict[str, Any]] = {
        "deals": {
            "title": label,
            "value": random.choice((0, 99, 100, 101, 2000, -3000)),
            "stage_id": stage,
            "pipeline_id": random.choice((1, 2)),
            "owner_id": owner,
            "person_id": 3,
            "custom_fields": custom,
        },
        "leads": {"title": label, "value": random.choice((5, 100, 3000)), "owner_id": owner, "person_id": 1},
        "persons": {"name": label, "emails": ["ann@example.com"], "owner_id": owner, "org_id": 1},
        "organizations": {"name": label, "owner_id": owner},
        "activities": {
            **_hung(random),
            "subject": label,
            "type": "call",
            "owner_id": owner,
            "participants": some(random, (1, 2, 3), 0.5) or [1],
            "attendees": ["ann@example.com"],
        },
        "notes": {**_hung(random), "content": label},
        "webhooks": {"name": label, "event_action": "*", "event_object": "deal", "user_id": owner},
    }
    return possible[resource]


def arguments(random: Random, tool: str) -> dict[str, Any]:
    """Arguments that the tool takes."""
    entry = catalogue[tool]
    needed = dict(EXAMPLES[tool]["minimal"])
    if not entry.effect.writes:
        return needed
    if entry.target:
        name = entry.path_arguments[0]
        needed = {name: random.choice(LEADS) if name == "lead_id" else random.choice((1, 2, 3))}
    if entry.effect.value == "convert" and entry.resource == "leads":
        moves = {"stage_id": random.choice(list(STAGES)), "pipeline_id": random.choice((1, 2))}
        return needed | {name: moves[name] for name in some(random, moves, 0.5)}
    if entry.effect.value not in {"create", "update"}:
        return needed
    possible = _possible(random, entry.resource)
    chosen = {name: possible[name] for name in some(random, possible, 0.3) if name not in needed}
    if tool == "update_deal" and random.random() < 0.1:
        chosen["clear"] = ["lost_reason"]
    if entry.effect.value == "update" and not chosen:
        chosen = {
            name: possible[name] for name in ("title", "name", "subject", "content") if name in possible
        }
    if entry.effect.value == "create" and entry.resource == "notes":
        needed.setdefault("deal_id", 1)
        needed = {"content": "A"} if chosen.keys() & {"deal_id", "lead_id", "person_id", "org_id"} else needed
    if entry.resource == "leads" and entry.effect.value == "create":
        needed["person_id"] = 1
    if entry.resource == "leads" and "value" in chosen:
        chosen["currency"] = "EUR"
    return needed | chosen


def policy_of(drawn: Mapping[str, Any]) -> Policy:
    """The table, as the gate takes it."""
    return Policy.model_validate({"agents": {AGENT: dict(drawn)}})


def scenario(random: Random, drawn: Mapping[str, Any]) -> Scenario:
    """One request under this table."""
    world = company(random)
    for key in some(random, list(world), 0.02):
        del world[key]
    writes = [name for name, entry in catalogue.items() if entry.effect.writes]
    tool = random.choice(writes) if random.random() < 0.75 else random.choice(list(catalogue))
    named = [f"{what}_{when}" for what in ("writes", "tokens", "rows", "value") for when in ("run", "day")]
    return Scenario(
        rights=drawn,
        agent=AGENT if random.random() < 0.97 else random.choice(("stranger", "", "Worker", "worker ")),
        tool=tool,
        arguments=arguments(random, tool),
        world=world,
        used={name: random.choice((0, 0, 1, 4, 5, 50, 4000)) for name in named},
        counted=frozenset(some(random, ("run", "day"), 0.3)),
        me=random.choice((ME, ME, ME, None)),
        tainted=random.random() < 0.4,
        started_for=frozenset(
            some(random, [("deals", 1), ("deals", 2), ("leads", LEADS[0]), ("persons", 1)], 0.25)
        ),
    )
