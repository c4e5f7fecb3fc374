"""The tools of a named set; the policy still decides what of it an agent may use."""

from pipedrive_tools.endpoints.profiles import PROFILES, Profile
from pipedrive_tools.errors import ArgumentsError
from pipedrive_tools.fields.choice import nearest


def profile(name: Profile | str) -> tuple[str, ...]:
    """The tools of a profile: `toolset.only(profile("reader"))`."""
    if name not in PROFILES:
        raise ArgumentsError(f"there is no profile {name!r}{nearest(name, list(PROFILES))}")
    return PROFILES[name]
