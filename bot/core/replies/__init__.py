"""What a person answered -> request -> words back; what a vendor tells -> receipts."""

from bot.core.replies.buttons import GONE, MailPage, UnsubscribePage
from bot.core.replies.calls import (
    Acknowledged,
    ActivationCode,
    ActivationPrompt,
    AlreadyClosed,
    CallState,
    Goodbye,
    PagePrompt,
    Unknown,
)
from bot.core.replies.chat import chat_code_in
from bot.core.replies.direct import direct_accept, link_asked
from bot.core.replies.door import Replies
from bot.core.replies.late import late_words

__all__ = [
    "GONE",
    "Acknowledged",
    "ActivationCode",
    "ActivationPrompt",
    "AlreadyClosed",
    "CallState",
    "Goodbye",
    "MailPage",
    "PagePrompt",
    "Replies",
    "Unknown",
    "UnsubscribePage",
    "chat_code_in",
    "direct_accept",
    "late_words",
    "link_asked",
]
