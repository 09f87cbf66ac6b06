"""What Twilio's error codes mean for a page, one sentence each.

Source: Twilio's error and warning dictionary.
"""

from __future__ import annotations

from bot.core.channel import Refusal

OPTED_OUT = "21610"

REFUSALS = {
    "13223": "The number is not in a form that can be called.",
    "13224": "The number cannot be called.",
    "13225": "The number is blocked by the vendor.",
    "13227": "Calls to this country are not enabled in the vendor's account.",
    "21201": "No number to call was given.",
    "21210": "The sending number is not verified in the vendor's account.",
    "21211": "The number is not a valid phone number.",
    "21212": "The sending number is not valid.",
    "21214": "The number cannot be reached by call.",
    "21215": "Calls to this region are not enabled in the vendor's account.",
    "21216": "The number is blocked for calls by the vendor.",
    "21217": "The number does not look like a phone number.",
    "21219": "A trial account may call verified numbers only; verify the number or upgrade.",
    "21263": "A trial account may call verified numbers only; verify the number or upgrade.",
    "21265": "A text cannot be sent to a short code.",
    "21266": "The sending and the receiving number are the same.",
    "21408": "Texts to this country are not enabled in the vendor's account.",
    "21601": "The sending number cannot send texts.",
    "21603": "No sending number was given.",
    "21604": "No number to send to was given.",
    "21606": "The sending number does not belong to the vendor's account or cannot send texts.",
    "21608": "A trial account may text verified numbers only; verify the number or upgrade.",
    OPTED_OUT: "The recipient has opted out; START, texted from that phone, lifts it.",
    "21612": "The vendor has no route between the sending number and this number.",
    "21614": "The number cannot receive texts; it may be a landline.",
    "21617": "The text is too long.",
    "21635": "The number is a landline and cannot receive texts.",
    "21659": "The sending number does not belong to the vendor's account.",
    "21660": "The sending number does not belong to the vendor's account.",
    "21661": "The sending number cannot send texts.",
    "32018": "The call's script is too long.",
    "60410": "The number's prefix is blocked by the vendor as a fraud risk.",
    "60605": "Texts to this country are blocked in the vendor's account.",
}
"""Refusals of a request. None of them gets better by trying again."""

ACCOUNT = {
    "20003": "The vendor refused the log-in: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.",
    "20005": "The vendor's account is not active.",
    "20006": "The vendor's account may not use this service.",
    "20404": "The vendor does not know the account or this address: check TWILIO_ACCOUNT_SID.",
    "20403": "The vendor's account may not do this.",
}
"""Faults of the account, not of the recipient: whoever mends them wants the page to go out."""

LIMITS = {
    "14107": "The vendor's sending limit is reached.",
    "20429": "The vendor asks for fewer requests.",
    "21611": "The sending number's queue is full.",
    "63038": "The account's daily limit of messages is reached.",
}

OUTCOMES = {
    OPTED_OUT: REFUSALS[OPTED_OUT],
    "21614": REFUSALS["21614"],
    "30001": "The vendor's queue overflowed; the text was dropped.",
    "30002": "The vendor's account was suspended before the text left.",
    "30003": "The phone is off, out of reach, or takes no texts.",
    "30004": "The text was blocked on the recipient's side.",
    "30005": "The number is unknown or no longer in use.",
    "30006": "The number is a landline, or its carrier cannot be reached.",
    "30007": "The carrier filtered the text as unwanted.",
    "30008": "The carrier gave no reason.",
    "30017": "The carrier's network is congested.",
    "30022": "The carrier's sending limit for this campaign is reached.",
    "30023": "The carrier's daily limit for this brand is reached.",
    "30024": "The sender is not known to the carrier.",
    "30032": "The toll-free sending number is not verified.",
    "30034": "The sending number is not registered for texts to the United States (A2P 10DLC).",
    "30410": "The carrier did not answer in time.",
    "30453": "The vendor held the text back as a fraud risk.",
    "30485": "Texts to this kind of number are blocked.",
    "30500": "Something broke at the vendor.",
}
"""Why a text that was taken did not arrive."""

NO_ADDRESS = frozenset(
    {
        "13223",
        "13224",
        "13225",
        "13227",
        "21211",
        "21214",
        "21215",
        "21216",
        "21217",
        "21219",
        "21263",
        "21265",
        "21608",
        "30005",
    }
)
"""The number does not exist, or nothing of this medium ever goes there."""
NO_TEXTS = frozenset({"21408", "21612", "21614", "21635", "30006", "30485", "60410", "60605"})
"""Landlines and countries that texts do not go to, and calls may."""


def refuses(code: str) -> Refusal:
    """What a permanent error is about; "" for one that is not the recipient's."""
    if code in NO_ADDRESS:
        return "address"
    return "texts" if code in NO_TEXTS else ""
