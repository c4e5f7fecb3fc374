"""Deals that stand exactly at a border of the rules, one plan each, the same in every demo.

All but a few differ from one quiet deal in a single thing: it stands in a stage that rots after 14 days, was last
worked on five days ago, has a live person and closes in a month. It has no open activity unless the case gives one.
"""

from dataclasses import replace

from pipedrive_tools.sandbox.demo.account import stage_named
from pipedrive_tools.sandbox.demo.plans import Past, Plan

_QUIET = Plan(
    case="no activity at all ahead",
    stage=stage_named("Proposal made"),
    added_ago=60,
    moved_ago=30,
    past=(Past(5, "outgoing"),),
    close_in=30,
)


def _due() -> tuple[Plan, ...]:
    return (
        _QUIET,
        replace(_QUIET, case="due today", open_days=(0,)),
        replace(_QUIET, case="due yesterday", open_days=(-1,)),
        replace(_QUIET, case="due tomorrow", open_days=(1,)),
        replace(_QUIET, case="due yesterday and tomorrow", open_days=(-1, 1)),
        replace(_QUIET, case="five overdue", open_days=(-3, -40, -1, -12, -7)),
        replace(_QUIET, case="open without a due date", open_days=(None,)),
        replace(_QUIET, case="open without a due date beside an overdue one", open_days=(None, -2)),
        replace(_QUIET, case="the activity ahead is deleted", has_deleted_activity=True),
        replace(_QUIET, case="done ahead of its day", past=(Past(2, "outgoing", due_in=6),)),
    )


def _rotting() -> tuple[Plan, ...]:
    idle = replace(_QUIET, open_days=(-4,))
    return (
        replace(idle, case="idle exactly to the limit", past=(Past(14, "outgoing"),)),
        replace(idle, case="idle a day over the limit", past=(Past(15, "outgoing"),)),
        replace(idle, case="moved lately, worked on long ago", past=(Past(50, "outgoing"),), moved_ago=3),
        replace(idle, case="added lately, nothing done", past=(), moved_ago=None, added_ago=14),
        replace(idle, case="added a day before the limit", past=(), moved_ago=None, added_ago=15),
        replace(idle, case="old, in a stage that never rots", past=(), stage=stage_named("Paperwork")),
        replace(idle, case="old, rotting off but days left over", past=(), stage=stage_named("Contract")),
        replace(idle, case="done without a time of doing", past=(Past(3, due_in=-3, is_marked=False),)),
        replace(idle, case="a note does not warm a deal", past=(Past(1, medium="note"),)),
    )


def _closing() -> tuple[Plan, ...]:
    return (
        replace(_QUIET, case="closes today", close_in=0),
        replace(_QUIET, case="should have closed yesterday", close_in=-1),
        replace(_QUIET, case="closes in seven days", close_in=7),
        replace(_QUIET, case="closes in eight days", close_in=8),
        replace(_QUIET, case="no close date", close_in=None),
        replace(_QUIET, case="close date blanked", close_in=None, is_close_blanked=True),
    )


def _answering() -> tuple[Plan, ...]:
    incoming, outgoing = Past(5, "incoming", hour=9), Past(5, "outgoing", hour=15)
    note_in, note_out = Past(5, "incoming", "note", 9), Past(5, "outgoing", "note", 15)
    return (
        replace(_QUIET, case="came in, never answered", past=(incoming,)),
        replace(_QUIET, case="answered the same day", past=(incoming, outgoing)),
        replace(_QUIET, case="came in after the last answer", past=(outgoing, Past(5, "incoming", hour=16))),
        replace(_QUIET, case="note came in, answered by activity", past=(note_in, outgoing)),
        replace(_QUIET, case="activity came in, answered by note", past=(incoming, note_out)),
        replace(
            _QUIET, case="note came in after the last answer", past=(outgoing, Past(4, "incoming", "note"))
        ),
        replace(_QUIET, case="a task is no answer", past=(incoming, Past(4))),
    )


def _together() -> tuple[Plan, ...]:
    everything = replace(
        _QUIET,
        past=(Past(33, "incoming"),),
        moved_ago=40,
        open_days=(-9,),
        close_in=-20,
    )
    return (
        replace(_QUIET, case="nobody to call", contact="none"),
        replace(_QUIET, case="the person is deleted", contact="deleted"),
        replace(everything, case="everything at once, no person", contact="none"),
        replace(everything, case="everything at once, deleted person", contact="deleted"),
        replace(
            everything, case="everything but held by today's activity", contact="none", open_days=(-9, 0)
        ),
        replace(everything, case="everything but nothing is open", contact="deleted", open_days=()),
    )


BORDERS = (*_due(), *_rotting(), *_closing(), *_answering(), *_together())
