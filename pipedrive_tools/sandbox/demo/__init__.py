"""Seeded demo data for the sandbox, dated relative to a given day, with the truth about who needs a follow-up.

What each follow-up signal means, to the day, stands in `truth`; the states at the borders in `borders`; the
texts that try to hijack an agent in `hostile`.
"""

from pipedrive_tools.sandbox.demo.contents import Demo
from pipedrive_tools.sandbox.demo.generator import HOSTILE_SHARE, generate
from pipedrive_tools.sandbox.demo.hostile import HOSTILE_TEXTS, HostileText, Planted
from pipedrive_tools.sandbox.demo.truth import DealTruth, LeadTruth, Signal, SignalKind

__all__ = [
    "HOSTILE_SHARE",
    "HOSTILE_TEXTS",
    "DealTruth",
    "Demo",
    "HostileText",
    "LeadTruth",
    "Planted",
    "Signal",
    "SignalKind",
    "generate",
]
