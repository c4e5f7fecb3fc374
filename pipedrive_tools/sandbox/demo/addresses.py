"""Invented addresses in the parts that the API splits an address into."""

from random import Random

from pipedrive_tools.sandbox.demo.record import Record
from pipedrive_tools.sandbox.demo.words import CITIES, STREETS

ADDRESS_PARTS = (
    "country", "admin_area_level_1", "admin_area_level_2", "locality", "sublocality", "route", "street_number",
    "subpremise", "postal_code",
)  # fmt: skip


def address(rng: Random) -> Record:
    """Draw one address; parts nobody gave are null, as the service leaves them."""
    street, number = rng.choice(STREETS), str(rng.randrange(1, 120))
    city, country, postal_code = rng.choice(CITIES)
    known = {"country": country, "locality": city, "route": street, "street_number": number}
    known["postal_code"] = postal_code
    parts: Record = {part: known.get(part) for part in ADDRESS_PARTS}
    return {"value": f"{number} {street}, {city}, {country}", **parts}
