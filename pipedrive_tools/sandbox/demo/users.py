"""The people who sell: the API user first, and one who has left but still owns deals."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from pipedrive_tools.sandbox.demo.calendar import Calendar
from pipedrive_tools.sandbox.demo.record import Record


@dataclass(frozen=True, slots=True)
class _Seller:
    name: str
    zone: str
    standard_offset: str
    currency: str = "EUR"
    locale: str = "en_GB"


_SELLERS = (
    _Seller("Maren Iverstrand", "Europe/Berlin", "+01:00"),
    _Seller("Oskar Pennarth", "Europe/Berlin", "+01:00"),
    _Seller("Tilda Crowmere", "Europe/London", "+00:00", "GBP"),
    _Seller("Jonas Westermark", "Europe/Tallinn", "+02:00"),
    _Seller("Rhea Larkspurre", "America/New_York", "-05:00", "USD", "en_US"),
    _Seller("Piet Zandermeer", "Europe/Berlin", "+01:00"),
)
USER_IDS = tuple(range(1, len(_SELLERS) + 1))
LEFT_USER_ID = USER_IDS[-1]


def user_records(calendar: Calendar) -> list[Record]:
    """Give the users in the v1 shape; the first is the owner of the token and an administrator."""
    return [_user(calendar, number, seller) for number, seller in zip(USER_IDS, _SELLERS, strict=True)]


def _user(calendar: Calendar, number: int, seller: _Seller) -> Record:
    is_you, has_left = number == USER_IDS[0], number == LEFT_USER_ID
    apps = ("sales", "global", "account_settings") if is_you else ("sales", "global")
    return {
        "id": number,
        "name": seller.name,
        "default_currency": seller.currency,
        "locale": seller.locale,
        "lang": 1,
        "email": f"{seller.name.split()[0].lower()}@sales.example",
        "phone": None if number % 2 else f"+44 20 7946 00{number:02}",
        "activated": True,
        "last_login": calendar.plain(-200 if has_left else -number, 27000 + number),
        "created": calendar.plain(-890 + number, 28000),
        "modified": calendar.plain(-200 if has_left else -number, 27000 + number),
        "has_created_company": is_you,
        "access": [
            {
                "app": app,
                "admin": is_you,
                "permission_set_id": str(uuid5(NAMESPACE_URL, f"urn:demo:permission-set:{app}:{is_you}")),
            }
            for app in apps
        ],
        "active_flag": not has_left,
        "timezone_name": seller.zone,
        "timezone_offset": seller.standard_offset,
        "role_id": 1,
        "icon_url": None,
        "is_you": is_you,
        "is_deleted": has_left,
    }
