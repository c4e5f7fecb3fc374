"""Labels of deals, persons and organizations: options of a built-in field, with ids of the account's own."""

from typing import Literal

Labelled = Literal["deal", "person", "organization"]

LABELS: dict[Labelled, tuple[tuple[int, str, str], ...]] = {
    "deal": ((1, "Hot", "red"), (2, "Warm", "yellow"), (3, "Cold", "blue")),
    "person": ((4, "Customer", "green"), (5, "Hot lead", "red"), (6, "Press", "gray")),
    "organization": ((7, "Customer", "green"), (8, "Key account", "purple"), (9, "Supplier", "brown")),
}
