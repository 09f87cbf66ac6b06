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
from bot.core.replies.direct import card_accept, direct_accept, link_asked
from bot.core.replies.door import Replies
from bot.core.replies.late import late_words
from bot.core.replies.messages import (
    ChatMessage,
    follow_deletion,
    follow_edit,
    incidents_meant,
    is_on_timeline,
    put_on_timeline,
)

__all__ = [
    "GONE",
    "Acknowledged",
    "ActivationCode",
    "ActivationPrompt",
    "AlreadyClosed",
    "CallState",
    "ChatMessage",
    "Goodbye",
    "MailPage",
    "PagePrompt",
    "Replies",
    "Unknown",
    "UnsubscribePage",
    "card_accept",
    "chat_code_in",
    "direct_accept",
    "follow_deletion",
    "follow_edit",
    "incidents_meant",
    "is_on_timeline",
    "late_words",
    "link_asked",
    "put_on_timeline",
]
