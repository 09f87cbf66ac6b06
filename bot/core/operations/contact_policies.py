"""The policy of a contact: whom its owner lets use it."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects.policy_rules import check_policy
from bot.core.errors import ResourceNotFoundException
from bot.core.ids import new_key
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.policies import ContactPolicy
from bot.core.store.schema import Wire


@operation("ssm-contacts", "PutContactPolicy")
def put_contact_policy(ctx: Context, *, contact_arn: str, policy: str) -> None:
    """Keep the policy verbatim, in place of an earlier one. Until contacts can be shared it
    has no effect.

    Raises ValidationException for what is no policy.
    Source: PutContactPolicy, ssm-contacts 2021-05-03.
    """
    contact = ctx.lock(Contact, ctx.require(Contact, contact_arn).key)
    if contact is None:
        raise ResourceNotFoundException("CONTACT", contact_arn)
    check_policy(policy)
    found = ctx.find_by(ContactPolicy, contact_key=contact.key)
    if found is not None:
        ctx.update(found, policy=policy, modified_at=ctx.now)
        return
    ctx.add(
        ContactPolicy(
            key=new_key(),
            account_id=ctx.account_id,
            contact_key=contact.key,
            policy=policy,
            modified_at=ctx.now,
        )
    )


@operation("ssm-contacts", "GetContactPolicy")
def get_contact_policy(ctx: Context, *, contact_arn: str) -> Wire:
    """The policy is absent where none was put."""
    contact = ctx.require(Contact, contact_arn)
    found = ctx.find_by(ContactPolicy, contact_key=contact.key)
    return {"ContactArn": contact.arn} | ({"Policy": found.policy} if found else {})
