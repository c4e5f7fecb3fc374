"""The public holidays of a country, from the `holidays` package; the rest of the agent knows only `Workdays`."""

from datetime import date

from pipedrive_tools.errors import MissingExtraError, SetupError
from sales_follow_up.workdays import Workdays


class UnknownCountryError(SetupError):
    """No holidays are known for a country."""


def workdays_of(country: str | None, today: date) -> Workdays:
    """The working days of a country, or of a part of it: `DE` or `DE-BY`; without one, Monday to Friday."""
    if country is None:
        return Workdays()
    try:
        import holidays  # noqa: PLC0415  # only where a country is named
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "agents") from None
    name, _, part = country.upper().partition("-")
    try:
        found = holidays.country_holidays(name, subdiv=part or None, years=(today.year, today.year + 1))
    except NotImplementedError:
        raise UnknownCountryError(
            f"no holidays are known for {country!r}; write a code of ISO 3166, such as DE or DE-BY"
        ) from None
    return Workdays(frozenset(day for day in found if day >= today))
