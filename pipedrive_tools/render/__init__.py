"""A result or an error as the text a model reads. Pure; this is the only place where such text is made.

Concise by default: the fields that matter, names beside ids, no nulls, lists as rows. Text from the CRM is cleaned
and fenced. Whatever is left out is said, and `ToolResult.data` always holds everything.
"""

from pipedrive_tools.render.cost import Left
from pipedrive_tools.render.outcomes import SCOPES, failure, invalid, refusal, rehearsal, unapproved
from pipedrive_tools.render.result import result
from pipedrive_tools.render.shape import CONCISE, Shape
from pipedrive_tools.render.together import lines, rows, together
from pipedrive_tools.render.view import custom_in, shown_fields

__all__ = [
    "CONCISE",
    "SCOPES",
    "Left",
    "Shape",
    "custom_in",
    "failure",
    "invalid",
    "lines",
    "refusal",
    "rehearsal",
    "result",
    "rows",
    "shown_fields",
    "together",
    "unapproved",
]
