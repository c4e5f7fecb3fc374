"""The first release's schema: an empty store is made from `schema`, so nothing is run here."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """The tables are there."""
