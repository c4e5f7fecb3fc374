"""Webhooks: v1; made and deleted, never changed. What Pipedrive sends to them is read in `webhooks`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipedrive_tools.endpoint import Args, Effect, Endpoint, Record
from pipedrive_tools.endpoints.arguments import Write
from pipedrive_tools.endpoints.values import Id, Text, Unshown

FULL: Final = ("webhooks:full", "admin")  # the reference knows admin alone (FACTS.md, section 17, row j)
READ: Final = ("webhooks:read", *FULL)
MOST_PER_USER: Final = 40
"""Webhooks that one user may have; one more is refused with 422."""

WORDS: Final[Mapping[str, str]] = {
    "added": "create",
    "updated": "change",
    "merged": "change",
    "deleted": "delete",
}
"""Words of version 1 for actions, with those of version 2; old events, answers and guides have them."""

THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def new_word(word: Any) -> Any:
    """An action in the word of version 2."""
    return WORDS.get(word, word) if isinstance(word, str) else word


def _address(text: str) -> str:
    """Pipedrive calls nothing but https; a sandbox calls this machine. A credential does not belong into an address."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError("an address is due, written https://hooks.example.com/pipedrive") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in THIS_MACHINE)):
        raise ValueError("an https address is due, written https://hooks.example.com/pipedrive")
    if "@" in parts.netloc:
        raise ValueError("the address must hold no user and no password")
    if host == "pipedrive.com" or host.endswith(".pipedrive.com"):
        raise ValueError("Pipedrive does not call itself; give an address of your own")
    return text


HookUrl = Annotated[str, AfterValidator(_address)]
"""An address that Pipedrive may call."""
Action = Annotated[Literal["create", "change", "delete", "*"], BeforeValidator(new_word)]
Object = Literal[
    "activity",
    "deal",
    "lead",
    "note",
    "organization",
    "person",
    "pipeline",
    "product",
    "stage",
    "user",
    "board",
    "phase",
    "project",
    "task",
    "deal_installment",
    "deal_product",
    "*",
]


class Webhook(Record):
    """A webhook as Pipedrive shows it; the password of its credential is taken out before anybody sees it."""

    secrets: ClassVar[frozenset[str]] = frozenset({"http_auth_password"})

    id: int
    name: str | None = None
    subscription_url: str | None = None
    event_action: str | None = None
    """Some answers have a word of version 1."""
    event_object: str | None = None
    version: str | None = None
    user_id: int | None = None
    http_auth_user: str | None = None
    is_active: int | None = None
    add_time: str | None = None
    remove_time: str | None = None
    remove_reason: str | None = None
    last_delivery_time: str | None = None
    last_http_status: int | None = None
    type: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_secrets(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            return {name: value for name, value in given.items() if name not in cls.secrets}
        return given


class ListWebhooks(Args):
    """List the account's webhooks: where Pipedrive sends events, about what, and how the last delivery went."""


class CreateWebhook(Write):
    """Have Pipedrive send events to an address. Whoever owns the address then sees every such change."""

    subscription_url: HookUrl
    """Public https address; it must answer at once."""
    event_action: Action
    """What happens to a record; * is everything."""
    event_object: Object
    """Kind of record; * is every kind."""
    name: Annotated[Text, Field(max_length=255)]
    """Label."""
    user_id: Unshown[Id | None] = None
    """Name, id or me; whose rights filter the events."""


class DeleteWebhook(Write):
    """Delete a webhook: Pipedrive sends nothing to its address any more. It cannot be undone, only made anew."""

    webhook_id: Id
    """Webhook id."""


list_ = Endpoint(
    name="list_webhooks",
    method="GET",
    path="/api/v1/webhooks",
    args=ListWebhooks,
    returns=list[Webhook],
    effect=Effect.READ,
    resource="webhooks",
    scopes=READ,
    cost=10,
    by_name_only=True,
)
create = Endpoint(
    name="create_webhook",
    method="POST",
    path="/api/v1/webhooks",
    args=CreateWebhook,
    returns=Webhook,
    effect=Effect.CREATE,
    resource="webhooks",
    scopes=FULL,
    cost=10,
    by_name_only=True,
)
delete = Endpoint(
    name="delete_webhook",
    method="DELETE",
    path="/api/v1/webhooks/{webhook_id}",
    args=DeleteWebhook,
    returns=type(None),
    effect=Effect.DELETE,
    resource="webhooks",
    scopes=FULL,
    cost=6,
    target=list_,
    by_name_only=True,
)
