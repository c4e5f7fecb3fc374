"""Names to keys and labels to ids, and back: custom fields, dropdowns, stages, people. Pure.

What cannot be resolved is one clear error that names the candidates; nothing is ever guessed. Reading the
definitions and keeping them is the toolset's.
"""

from pipedrive_tools.fields.choice import choose
from pipedrive_tools.fields.definition import Field, Fields, Option
from pipedrive_tools.fields.labels import KINDS, Kind, Labels
from pipedrive_tools.fields.showing import as_text, strangers
from pipedrive_tools.fields.writing import Shape, keys, to_wire

__all__ = [
    "KINDS",
    "Field",
    "Fields",
    "Kind",
    "Labels",
    "Option",
    "Shape",
    "as_text",
    "choose",
    "keys",
    "strangers",
    "to_wire",
]
