"""Who asks, and may they. Policies are few and named; an account's own principals are told
apart by them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from bot.core.errors import AccessDeniedException
from bot.core.service_models import is_read

Door = Literal["api", "slack", "reply", "alarm", "engine"]
Rights = Literal["administrator", "responder", "reader", "contact"]

ENGINE = "ssm-incidents.amazonaws.com"

RESPONDER = frozenset(
    {
        ("ssm-incidents", "StartIncident"),
        ("ssm-incidents", "UpdateIncidentRecord"),
        ("ssm-incidents", "CreateTimelineEvent"),
        ("ssm-incidents", "UpdateTimelineEvent"),
        ("ssm-incidents", "DeleteTimelineEvent"),
        ("ssm-incidents", "UpdateRelatedItems"),
        ("ssm-contacts", "StartEngagement"),
        ("imbot", "EditSummary"),
        ("imbot", "PutFinding"),
        ("imbot", "TestPage"),
        ("imbot", "MuteContact"),
        ("imbot", "UnmuteContact"),
        ("imbot", "TakeOverShift"),
        ("imbot", "GiveBackShift"),
        ("imbot", "CreateCalendarLink"),
        ("imbot", "DeleteCalendarLink"),
    }
)
"""The write half of AWSIncidentManagerResolverAccess (its v4), summaries and findings,
test pages, and what people do with their own shifts.
"""

PROVED_BY_A_CODE = frozenset(
    {
        ("ssm-contacts", "AcceptPage"),
        ("ssm-contacts", "ActivateContactChannel"),
        ("sns", "ConfirmSubscription"),
    }
)
"""Open to everyone who is known at all: the code that goes with it is the proof."""
OF_THE_PERSON = frozenset(
    {
        ("imbot", "ConfirmSlackLink"),
        ("imbot", "UnlinkSlackUser"),
        ("imbot", "AcknowledgeEngagement"),
        ("sns", "Unsubscribe"),
    }
)
"""Open to whoever it concerns, which the operations see to themselves."""
SECRET_READS = frozenset({("imbot", "ListAccessKeys"), ("sns", "ListPhoneNumbersOptedOut")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf a request is answered.

    `principal_arn` is what records show (createdBy); `actor` is how a person would be called;
    `invoked_by` is the service that acts for the principal, where one does.
    """

    account_id: str
    principal_arn: str
    actor: str
    door: Door
    region: str
    rights: Rights = "administrator"
    invoked_by: str | None = None

    def through_the_engine(self) -> Caller:
        """The same principal, with the engine acting for it later."""
        return _through_the_engine(self)


@lru_cache(256)
def _through_the_engine(caller: Caller) -> Caller:
    return replace(caller, door="engine", invoked_by=ENGINE)


def is_allowed(caller: Caller, service: str, operation: str) -> bool:
    if caller.rights == "administrator":
        return True
    action = (service, operation)
    if action in PROVED_BY_A_CODE or action in OF_THE_PERSON:
        return True
    if caller.rights == "contact":
        return False
    if is_read(operation):
        return action not in SECRET_READS
    return caller.rights == "responder" and action in RESPONDER


def authorise(caller: Caller, service: str, operation: str, resource: str | None) -> None:
    """Raises AccessDeniedException, worded as AWS words it."""
    if is_allowed(caller, service, operation):
        return
    action = f"{service}:{operation}"
    where = f" on resource: {resource}" if resource else ""
    raise AccessDeniedException(
        f"User: {caller.principal_arn} is not authorized to perform: {action}{where} "
        f"because no identity-based policy allows the {action} action"
    )


def authorise_without_code(caller: Caller) -> None:
    """Who proves nothing must have the right of his own. Raises AccessDeniedException."""
    if caller.rights != "administrator":
        raise AccessDeniedException(
            f"User: {caller.principal_arn} is not authorized to accept a page without its code"
        )


def sees_addresses(caller: Caller) -> bool:
    """Addresses are shown in full only to those who administer contacts; others see them
    masked.
    """
    return caller.rights == "administrator"


def is_slack_user(caller: Caller, user_id: str) -> bool:
    """Whether that Slack user himself asks; the session's name ends in his id."""
    return caller.door == "slack" and caller.principal_arn.endswith(f"-{user_id}")


def slack_user_of(caller: Caller) -> str | None:
    """The id of the Slack user who asks; None at another door."""
    return caller.principal_arn.rpartition("-")[2] if caller.door == "slack" else None


def engine_caller(account_id: str, region: str = "") -> Caller:
    """The engine acting for an account by itself; `region` is where what it makes gets its
    ARN.
    """
    return Caller(
        account_id=account_id,
        principal_arn=ENGINE,
        actor="engine",
        door="engine",
        region=region,
        invoked_by=ENGINE,
    )
