"""Where the vendor fetches a call's script, and tells what became of a message."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.ids import Key, new_key, new_token
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import VoiceToken


def voice_url(
    ctx: Context,
    channel: ContactChannel,
    *,
    page_key: Key | None = None,
    bundle_key: Key | None = None,
    activation_key: Key | None = None,
) -> str | None:
    """The address of one call's script; None for other media, and without a public URL."""
    if channel.type != "VOICE" or ctx.house.public_url is None:
        return None
    token = new_token()
    ctx.add(
        VoiceToken(
            key=new_key(),
            account_id=ctx.account_id,
            token_fingerprint=ctx.unit.tx.vault.fingerprint(f"voice {token}"),
            page_key=page_key,
            bundle_key=bundle_key,
            activation_key=activation_key,
            created_at=ctx.now,
        )
    )
    return f"{ctx.house.public_url}/twilio/voice/{token}"


def status_url(ctx: Context, channel: ContactChannel, key: Key) -> str | None:
    """Where texts and calls of a page, a bundle of pages or an activation are reported."""
    if channel.type == "EMAIL" or ctx.house.public_url is None:
        return None
    return f"{ctx.house.public_url}/twilio/status?page={key}"
