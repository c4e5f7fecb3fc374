"""Every exception of the package, as one tree.

    PipedriveToolsError
    |-- SetupError                    the developer or the person at the keyboard mends it; nothing was sent
    |   |-- SettingsError             a setting, a token or a host is missing or wrong
    |   |-- PolicyError               the policy file does not hold
    |   |-- MissingExtraError         an optional package is not installed
    |   |-- StoreError                the state store cannot be opened, read or written
    |   |-- LoginError                an OAuth login did not come about, or does not serve
    |   |   `-- ReauthorizationError  the login is over: somebody must log in again
    |   `-- SandboxError              the local Pipedrive cannot start
    |-- ArgumentsError                the model mends it; nothing was sent
    |   `-- UnknownNameError          nothing in the account has this name
    |-- RefusedError                  a person may change it; nothing was sent
    |   |-- DeniedError               the policy does not allow the call
    |   `-- ApprovalNeededError       the policy asks for a person
    |-- UnreachableError              no answer came: what became of the call is not known
    |   `-- ConnectError              no connection came about: the call was not sent
    |-- EventError                    a webhook brought something that is no event
    |   `-- UnfinishedEventError      an event could not be worked on yet; it is tried again
    |-- AnswerError                   an answer came that cannot be used
    |   |-- NotJsonError              the body is not JSON, or is cut short
    |   |-- AnswerTooLargeError       the body passed the cap while it streamed
    |   `-- RedirectError             a redirect; never followed, credentials would travel
    `-- StatusError                   Pipedrive refused or failed; `status` tells
        |-- BadRequestError           400
        |-- UnauthorizedError         401
        |-- AccountClosedError        402
        |-- ForbiddenError            403
        |   |-- ScopeError            403 `Scope and URL mismatch`
        |   |   `-- ScopeLackingError that was known before the call, which was not sent
        |   `-- BlockedError          403 as HTML: the account is blocked for now
        |       `-- StillBlockedError that block is not over: the call was not sent
        |-- NotFoundError             404
        |-- MethodError               405
        |-- ConflictError             408, 409
        |-- GoneError                 410
        |-- FeatureOffError           415
        |-- UnprocessableError        422
        |-- RateLimitedError          429
        |   |-- BurstLimitError       the two-second window is full
        |   |   `-- NoPlaceError      our own is, for longer than the call may wait: it was not sent
        |   `-- DailyLimitError       the company's budget for today is spent
        |       `-- BudgetSpentError  that was known before the call, which was not sent
        |-- OtherStatusError          any other status that is not 2xx
        `-- ServerError               500, 501, 502, 503, 504

Three questions place an error: who can act (`actor`), what became of the call (`outcome`), and whether
trying again is worth it (`retryable`). Sources: FACTS.md, sections 4 and 7.
"""

from typing import Any, ClassVar, Literal

Actor = Literal["model", "person", "developer", "nobody"]
"""Who can do something about an error."""

Outcome = Literal["not sent", "refused", "unknown"]
"""What became of the call: it never left, it left and nothing was changed, or nobody knows yet."""


class PipedriveToolsError(Exception):
    """Whatever this package raises."""

    actor: ClassVar[Actor] = "developer"
    outcome: ClassVar[Outcome] = "not sent"
    retryable: ClassVar[bool] = False

    tokens: int = 0
    """Pipedrive API tokens that the tries cost, as far as is known."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes whole; the language's way asks `__init__` again, with half the arguments."""
        return _revived, (type(self), self.args), self.__dict__


def _revived(kind: type[PipedriveToolsError], said: tuple[Any, ...]) -> PipedriveToolsError:
    return kind.__new__(kind, *said)


class SetupError(PipedriveToolsError):
    """Something around the call is wrong, and nothing was sent."""


class SettingsError(SetupError):
    """A setting, a token or a host is missing or wrong."""


class PolicyError(SetupError):
    """The policy file does not hold."""


class MissingExtraError(SetupError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package!r} is not installed; run: pip install 'pipedrive-tools[{extra}]'")


class StoreError(SetupError):
    """The state store cannot be opened, read or written."""

    actor: ClassVar[Actor] = "person"


class LoginError(SetupError):
    """An OAuth login did not come about, or does not serve."""

    actor: ClassVar[Actor] = "person"


class ReauthorizationError(LoginError):
    """The login is over: it was used up or revoked, or lay idle for 60 days."""


class SandboxError(SetupError):
    """The local Pipedrive cannot start."""

    actor: ClassVar[Actor] = "person"


class ArgumentsError(PipedriveToolsError):
    """The arguments of a call do not fit; the message names each one."""

    actor: ClassVar[Actor] = "model"

    arguments: tuple[str, ...] = ()
    """Names of the arguments that do not fit, where they are known."""


class UnknownNameError(ArgumentsError):
    """Nothing in the account has this name, as far as is known; the message lists the nearest."""


class RefusedError(PipedriveToolsError):
    """The gate did not let the call through."""

    actor: ClassVar[Actor] = "person"


class DeniedError(RefusedError):
    """The policy does not allow the call; `rule` is the line that decided."""

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class ApprovalNeededError(RefusedError):
    """The policy asks for a person, and none has agreed."""


class UnreachableError(PipedriveToolsError):
    """No answer came. A read may be sent again; what became of a write is not known."""

    actor: ClassVar[Actor] = "nobody"
    outcome: ClassVar[Outcome] = "unknown"
    retryable: ClassVar[bool] = True


class ConnectError(UnreachableError):
    """No connection came about, so not one byte of the call was sent."""

    outcome: ClassVar[Outcome] = "not sent"


class EventError(PipedriveToolsError):
    """A webhook brought something that is no event."""

    actor: ClassVar[Actor] = "nobody"


class UnfinishedEventError(EventError):
    """An event could not be worked on yet; it is tried again."""

    retryable: ClassVar[bool] = True


class AnswerError(PipedriveToolsError):
    """An answer came that cannot be used."""

    actor: ClassVar[Actor] = "nobody"
    outcome: ClassVar[Outcome] = "unknown"


class NotJsonError(AnswerError):
    """The body is not JSON, or is cut short."""

    retryable: ClassVar[bool] = True


class AnswerTooLargeError(AnswerError):
    """The body passed the cap while it streamed."""


class RedirectError(AnswerError):
    """Pipedrive answered with a redirect, which is never followed."""

    actor: ClassVar[Actor] = "person"


class StatusError(PipedriveToolsError):
    """Pipedrive refused the call or failed at it."""

    actor: ClassVar[Actor] = "model"
    outcome: ClassVar[Outcome] = "refused"

    def __init__(
        self, message: str, *, status: int, detail: str = "", wait_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        """What Pipedrive said, cleaned and cut; foreign text."""
        self.wait_seconds = wait_seconds
        """How long to wait before the next try, where the answer says so."""


class BadRequestError(StatusError):
    """400: the call does not fit the API."""


class UnauthorizedError(StatusError):
    """401: the credential is wrong or has expired."""

    actor: ClassVar[Actor] = "person"


class AccountClosedError(StatusError):
    """402: the account is not open."""

    actor: ClassVar[Actor] = "person"


class ForbiddenError(StatusError):
    """403: the user may not, or the plan does not allow it."""

    actor: ClassVar[Actor] = "person"


class ScopeError(ForbiddenError):
    """403: the OAuth app lacks the scope."""


class ScopeLackingError(ScopeError):
    """The login is known to lack the scope, so the call was not sent."""

    outcome: ClassVar[Outcome] = "not sent"


class BlockedError(ForbiddenError):
    """403 as an HTML page: too many calls after a 429; everybody stops."""


class StillBlockedError(BlockedError):
    """A block that some process met is not over, so the call was not sent."""

    outcome: ClassVar[Outcome] = "not sent"


class NotFoundError(StatusError):
    """404: there is no such record, or the user may not see it."""


class MethodError(StatusError):
    """405: the path does not take this method."""

    actor: ClassVar[Actor] = "developer"


class ConflictError(StatusError):
    """408 and 409: the call met another one, or took too long."""

    outcome: ClassVar[Outcome] = "unknown"


class GoneError(StatusError):
    """410: the endpoint is gone for good."""

    actor: ClassVar[Actor] = "developer"


class FeatureOffError(StatusError):
    """415: the feature is off for this account."""

    actor: ClassVar[Actor] = "person"


class UnprocessableError(StatusError):
    """422: a limit of the account, such as the number of webhooks."""


class RateLimitedError(StatusError):
    """429: too many calls."""

    actor: ClassVar[Actor] = "nobody"


class BurstLimitError(RateLimitedError):
    """429: the two-second window is full."""

    retryable: ClassVar[bool] = True


class NoPlaceError(BurstLimitError):
    """The window stayed full for longer than the call may wait, so it was not sent."""

    outcome: ClassVar[Outcome] = "not sent"


class DailyLimitError(RateLimitedError):
    """429: the company's token budget for today is spent."""

    actor: ClassVar[Actor] = "person"


class BudgetSpentError(DailyLimitError):
    """The day's budget is known to be spent, so the call was not sent."""

    outcome: ClassVar[Outcome] = "not sent"


class OtherStatusError(StatusError):
    """A status that no documentation names."""

    actor: ClassVar[Actor] = "nobody"
    outcome: ClassVar[Outcome] = "unknown"


class ServerError(StatusError):
    """500, 501, 502, 503, 504: Pipedrive failed; a write may have happened all the same."""

    actor: ClassVar[Actor] = "nobody"
    outcome: ClassVar[Outcome] = "unknown"
    retryable: ClassVar[bool] = True
