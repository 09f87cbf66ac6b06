"""What Incident Manager has no operation for: test pages, and access keys of this API."""

from __future__ import annotations

import secrets
import string

from bot.core.arns import build_arn
from bot.core.context import Context
from bot.core.effects import engagements
from bot.core.errors import (
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from bot.core.ids import new_key
from bot.core.registry import operation
from bot.core.store.accounts import AccessKey
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.schema import Wire

TEST_MINUTES = 5
"""How long a test waits for its pages to be accepted before it counts as through."""

MOST_KEYS = 2
"""Active keys of one user: the old one and the new one, as IAM has it."""

KEY_ID_ALPHABET = string.ascii_uppercase + "234567"


@operation("imbot", "TestPage")
def test_page(ctx: Context, *, contact_id: str) -> Wire:
    """Page every activated channel of a person at once, in words that say it is a test.

    Answers the engagement, whose pages and receipts tell how it went. Raises
    ValidationException where no channel is activated or the contact is not a person.
    """
    contact = ctx.require(Contact, contact_id)
    if contact.type != "PERSONAL":
        raise ValidationException("Only a PERSONAL contact has channels that can be tried.")
    channels = ctx.select(ContactChannel, contact_key=contact.key, deleted_at=None)
    targets = [
        {"ChannelTargetInfo": {"ContactChannelId": channel.arn}}
        for channel in channels
        if channel.is_activated
    ]
    if not targets:
        raise ValidationException("None of the contact's channels is activated.")
    engagement = engagements.start(
        ctx,
        contact,
        sender="imbot test-page",
        texts={
            "Sender": "imbot test-page",
            "Subject": "Test page",
            "Content": f"This is a test by {ctx.caller.actor}. There is no incident.",
            "PublicSubject": "Test page, no incident",
        },
        incident_arn=None,
        is_test=True,
        plan={"Stages": [{"DurationInMinutes": TEST_MINUTES, "Targets": targets}]},
    )
    return {"EngagementArn": engagement.arn}


@operation("imbot", "CreateAccessKey")
def create_access_key(ctx: Context, *, user_name: str) -> Wire:
    """Make a key for a user, which need not exist; the secret is never shown again."""
    active = ctx.select(
        AccessKey, account_id=ctx.account_id, user_name=user_name, revoked_at=None
    )
    if len(active) >= MOST_KEYS:
        raise ServiceQuotaExceededException(
            f"{user_name} has {MOST_KEYS} active keys; revoke one first.",
            resource_type="ACCESS_KEY",
            quota_code="ActiveKeysPerUser",
            service_code="imbot",
        )
    row = ctx.add(
        AccessKey(
            key=new_key(),
            account_id=ctx.account_id,
            access_key_id="AKIA" + "".join(secrets.choice(KEY_ID_ALPHABET) for _ in range(16)),
            user_name=user_name,
            secret=secrets.token_urlsafe(30),
            created_at=ctx.now,
        )
    )
    return {
        "AccessKeyId": row.access_key_id,
        "SecretAccessKey": row.secret,
        "PrincipalArn": build_arn("iam", "", ctx.account_id, "user", user_name),
    }


@operation("imbot", "ListAccessKeys")
def list_access_keys(ctx: Context) -> Wire:
    """List all keys of the account, the revoked ones included, the oldest first."""
    return {
        "AccessKeys": [
            {
                "AccessKeyId": row.access_key_id,
                "UserName": row.user_name,
                "CreatedAt": row.created_at,
                "Status": "ACTIVE" if row.revoked_at is None else "REVOKED",
            }
            for row in ctx.select(AccessKey, account_id=ctx.account_id)
        ]
    }


@operation("imbot", "RevokeAccessKey")
def revoke_access_key(ctx: Context, *, access_key_id: str) -> None:
    """Revoke a key for good; the first pair, of the environment, is not among them."""
    row = ctx.tx.find(AccessKey, account_id=ctx.account_id, access_key_id=access_key_id)
    if row is None:
        raise ResourceNotFoundException("ACCESS_KEY", access_key_id)
    if row.revoked_at is None:
        ctx.update(row, revoked_at=ctx.now)
