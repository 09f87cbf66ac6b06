"""The media that have settings: their accounts, their channels, and where pages come from."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import TYPE_CHECKING

from aiohttp import ClientSession

from bot.channels.chime import ChimeChannel
from bot.channels.guard import networks
from bot.channels.http_topics import HttpTopicsChannel
from bot.core.channel import Channel, Sign
from bot.core.context import Sender
from bot.settings import Settings

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.channels.twilio_account import TwilioAccount


def make_channels(
    settings: Settings,
    account: TwilioAccount | None,
    client: AsyncWebClient | None,
    sign: Sign,
) -> Mapping[str, Channel]:
    """The media that have settings, by their name in the outbox."""
    channels: dict[str, Channel] = {}
    if account is not None and settings.twilio_from_number is not None:
        from bot.channels.sms import SmsChannel
        from bot.channels.voice import VoiceChannel

        channels["sms"] = SmsChannel(account, settings.twilio_from_number)
        channels["voice"] = VoiceChannel(account, settings.twilio_from_number)
    if settings.smtp_host is not None and settings.smtp_from is not None:
        from bot.channels.email import EmailChannel

        password = settings.smtp_password
        channels["email"] = EmailChannel(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_username,
            password.get_secret_value() if password else None,
            settings.smtp_from,
            settings.smtp_security,
            reply_to=settings.reply_address,
            sign=sign,
        )
    if client is not None:
        from bot.channels.slack.channel import SlackChannel

        channels["slack"] = SlackChannel(client)
    allowed = networks(settings.topic_networks)
    channels["http"] = HttpTopicsChannel(sign, allowed)
    channels["chime"] = ChimeChannel(settings.chime_url, allowed)
    return channels


def sender_of(settings: Settings) -> Sender:
    """Where pages come from, as far as there are settings."""
    name, email = parseaddr(settings.smtp_from or "")
    is_mailing = settings.smtp_host is not None and bool(email)
    number = settings.twilio_from_number if settings.twilio_account_sid else None
    return Sender(
        name=name or "imbot",
        phone_numbers=(number,) if number else (),
        email=email if is_mailing else None,
    )


def twilio_account(settings: Settings, session: ClientSession) -> TwilioAccount | None:
    if settings.twilio_account_sid is None or settings.twilio_auth_token is None:
        return None
    from bot.channels.twilio_account import TwilioAccount

    token = settings.twilio_auth_token.get_secret_value()
    return TwilioAccount(session, settings.twilio_api_url, settings.twilio_account_sid, token)


def slack_client(settings: Settings, session: ClientSession) -> AsyncWebClient | None:
    if settings.slack_bot_token is None:
        return None
    from slack_sdk.web.async_client import AsyncWebClient

    token = settings.slack_bot_token.get_secret_value()
    return AsyncWebClient(token, base_url=settings.slack_api_url, session=session)
