"""The currencies of the account."""

from typing import Any

from pipedrive_tools.sandbox.world import World

NAMES = {
    "EUR": ("Euro", "€"),
    "USD": ("US Dollar", "$"),
    "GBP": ("Pound Sterling", "£"),
    "CHF": ("Swiss Franc", "CHF"),
    "PLN": ("Polish Zloty", "zł"),
    "CZK": ("Czech Koruna", "Kč"),
    "SEK": ("Swedish Krona", "kr"),
    "NOK": ("Norwegian Krone", "kr"),
    "DKK": ("Danish Krone", "kr"),
    "CAD": ("Canadian Dollar", "CA$"),
    "AUD": ("Australian Dollar", "A$"),
    "JPY": ("Japanese Yen", "¥"),
    "INR": ("Indian Rupee", "₹"),
    "BRL": ("Brazilian Real", "R$"),
    "ZAR": ("South African Rand", "R"),
}
"""Code to name and symbol."""

NO_DECIMALS = {"JPY"}

CURRENCIES = [
    {
        "id": place,
        "code": code,
        "name": name,
        "decimal_points": 0 if code in NO_DECIMALS else 2,
        "symbol": symbol,
        "active_flag": True,
        "is_custom_flag": False,
    }
    for place, (code, (name, symbol)) in enumerate(NAMES.items(), start=1)
]
"""The records of the currencies list."""


def currency(value: Any, _world: World) -> str | None:
    """The code of a currency that the account knows."""
    return None if isinstance(value, str) and value in NAMES else "must be a currency code of the account"
