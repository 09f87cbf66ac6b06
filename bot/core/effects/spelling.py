"""Addresses as people give them, checked and spelled as they are stored, or shown in part."""

from __future__ import annotations

import re

from bot.core.errors import ValidationException
from bot.core.store.contacts import Medium

NO_NUMBER = "is not a phone number: give '+', the country code and the number"
NO_MAIL = "is not an e-mail address"
SHOWN_DIGITS = 4
NUMBER = re.compile(r"\+[0-9][0-9 ().\-/\u00a0\u2010-\u2015]*")


def load() -> None:
    """Import what only new addresses need, which would cost a start a tenth of a second."""
    import email_validator
    import phonenumbers  # noqa: F401

    for domain in ("local", "localhost", "test"):  # mail in one's own house is deliverable
        if domain in email_validator.SPECIAL_USE_DOMAIN_NAMES:
            email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(domain)


def checked(medium: Medium, address: str | None) -> str:
    """Spell an address as it is stored: E.164, or a mail address with its domain in ASCII.

    A number must be possible in its country, not assigned, so that fictional ones will do; the
    name before a mail address' `@` is ASCII, and the domain has a dot or is `localhost`.
    Raises ValidationException, which does not repeat the address.
    """
    text = (address or "").strip()
    if not text:
        raise _refused("is missing")
    return _checked_mail(text) if medium == "EMAIL" else _checked_number(text)


def masked(medium: Medium, address: str) -> str:
    """Show enough for those who know it to recognise it: `a***@x.org`, `+*******0123`."""
    if medium == "EMAIL":
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}***@{domain}"
    hidden = len(address) - 1 - SHOWN_DIGITS
    return "+" + "*" * hidden + address[-SHOWN_DIGITS:]


def is_landline(number: str) -> bool:
    """Whether a number, in E.164, is one that takes calls alone, by its country's own plan.

    Where a country does not tell the two apart, as in North America, it is none.
    """
    import phonenumbers

    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return bool(kind == phonenumbers.PhoneNumberType.FIXED_LINE)


def _checked_number(text: str) -> str:
    import phonenumbers

    if not NUMBER.fullmatch(text):
        raise _refused(NO_NUMBER)
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise _refused(NO_NUMBER) from None
    if not phonenumbers.is_possible_number(number):
        raise _refused(NO_NUMBER)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _checked_mail(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    load()
    try:
        mail = validate_email(
            text, check_deliverability=False, globally_deliverable=False, allow_smtputf8=False
        )
    except EmailNotValidError:
        raise _refused(NO_MAIL) from None
    domain = mail.ascii_domain
    if "." not in domain and domain != "localhost":
        raise _refused(NO_MAIL)
    return f"{mail.local_part}@{domain}"


def _refused(reason: str) -> ValidationException:
    return ValidationException(
        f"Invalid value provided - DeliveryAddress {reason}.",
        reason="FIELD_VALIDATION_FAILED",
        fields=[{"Name": "DeliveryAddress.SimpleAddress", "Message": reason}],
    )
