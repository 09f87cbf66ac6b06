"""What the clock asks of pages that wait for one another."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects import bundles
from bot.core.ids import Key
from bot.core.registry import task


@task
def leave_together(ctx: Context, channel_key: Key) -> None:
    """Send what waits for a contact channel."""
    bundles.leave(ctx, channel_key)


@task
def close_bundle(ctx: Context, bundle_key: Key) -> None:
    """Forget a bundle's code when it is of no use any more."""
    bundles.close(ctx, bundle_key)
