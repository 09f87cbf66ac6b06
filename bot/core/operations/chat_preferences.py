"""What an account wants of chat, and the tags of its chats' configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.context import Context
from bot.core.effects.chat_rules import configuration_of, locked_configuration
from bot.core.effects.tag_rules import MOST_TAGS
from bot.core.errors import TooManyTagsException
from bot.core.ids import new_key
from bot.core.registry import operation
from bot.core.store.notices import ChatPreferences
from bot.core.store.schema import Wire

DEFAULTS = {"UserAuthorizationRequired": False, "TrainingDataCollectionEnabled": False}


@operation("chatbot", "GetAccountPreferences")
def get_account_preferences(ctx: Context) -> Wire:
    found = ctx.find_by(ChatPreferences, account_id=ctx.account_id)
    return {"AccountPreferences": DEFAULTS | (found.document if found else {})}


@operation("chatbot", "UpdateAccountPreferences")
def update_account_preferences(
    ctx: Context,
    *,
    user_authorization_required: bool | None = None,
    training_data_collection_enabled: bool | None = None,
) -> Wire:
    """Keep what is given. Our choice: both are only shown; people are told apart by the channel
    and their membership, and nothing here is trained.
    """
    given = {
        "UserAuthorizationRequired": user_authorization_required,
        "TrainingDataCollectionEnabled": training_data_collection_enabled,
    }
    kept = {name: value for name, value in given.items() if value is not None}
    fresh = ChatPreferences(key=new_key(), account_id=ctx.account_id, document=DEFAULTS | kept)
    if ctx.tx.insert_or_ignore(fresh):
        return {"AccountPreferences": fresh.document}
    found = ctx.find_by(ChatPreferences, account_id=ctx.account_id)
    earlier = ctx.lock(ChatPreferences, found.key) if found else None
    if earlier is None:
        return {"AccountPreferences": fresh.document}
    document = earlier.document | kept
    ctx.update(earlier, document=document)
    return {"AccountPreferences": document}


@operation("chatbot", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, *, resource_arn: str) -> Wire:
    """Raises ResourceNotFoundException."""
    return {"Tags": configuration_of(ctx, resource_arn).document["Tags"]}


@operation("chatbot", "TagResource")
def tag_resource(ctx: Context, *, resource_arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    """Add tags; the value of a key that is there already is replaced.

    Raises ResourceNotFoundException, TooManyTagsException above 50 tags.
    """
    found = locked_configuration(ctx, resource_arn)
    kept = {one["TagKey"]: one["TagValue"] for one in (*found.document["Tags"], *tags)}
    if len(kept) > MOST_TAGS:
        raise TooManyTagsException(f"A configuration has at most {MOST_TAGS} tags.")
    pairs = [{"TagKey": key, "TagValue": value} for key, value in kept.items()]
    ctx.update(found, document=found.document | {"Tags": pairs})


@operation("chatbot", "UntagResource")
def untag_resource(ctx: Context, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
    """Remove tags; keys that are not there are passed over."""
    found = locked_configuration(ctx, resource_arn)
    left = [one for one in found.document["Tags"] if one["TagKey"] not in tag_keys]
    ctx.update(found, document=found.document | {"Tags": left})
