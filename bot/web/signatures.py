"""AWS Signature Version 4 in the Authorization header, verified.

The canonical request is rebuilt from the path as it was sent, exactly the signed headers and
the body that arrived. Source: AWS General Reference, "Signing AWS API requests"; for services
other than S3 the path is encoded twice.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from multidict import MultiMapping

from bot.core.credentials import Credential
from bot.core.errors import ServiceError

SKEW = timedelta(minutes=5)
ALGORITHM = "AWS4-HMAC-SHA256"
SCOPE = re.compile(
    rf"{ALGORITHM} +Credential=([!-+\-.0-~]{{1,128}})/(\d{{8}})/([a-z0-9-]{{1,64}})/"
    r"([a-z0-9-]{1,64})/aws4_request *, *SignedHeaders=([!-+\--~]{1,4096}) *, *",
    re.ASCII,
)
SIGNATURE = re.compile(r"[0-9a-f]{64}")
STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
EMPTY = sha256(b"").hexdigest()


class MissingAuthenticationTokenException(ServiceError):
    """Nobody signed."""

    status = 403


class IncompleteSignatureException(ServiceError):
    """A part of the signature is missing or misshapen."""

    status = 403


class UnrecognizedClientException(ServiceError):
    """Nobody has this access key."""

    status = 403


class InvalidSignatureException(ServiceError):
    """What arrived is not what was signed, or not now."""

    status = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Who signs, for what, and which headers: the same for all of a client's day."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True, slots=True)
class Authorization:
    scope: Scope
    signature: str


def read_authorization(headers: MultiMapping[str]) -> Authorization:
    """Raises MissingAuthenticationTokenException, IncompleteSignatureException."""
    given = headers.getall("Authorization", None)
    if not given:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    head, _, signature = given[0].rpartition("Signature=")
    scope = _scope(head)
    if scope is None or len(given) > 1 or not SIGNATURE.fullmatch(signature):
        raise IncompleteSignatureException(
            f"Authorization header requires {ALGORITHM}, 'Credential' (key/date/region/service/"
            "aws4_request), 'SignedHeaders' and 'Signature' parameters."
        )
    return Authorization(scope, signature)


@lru_cache(512)
def _scope(head: str) -> Scope | None:
    found = SCOPE.fullmatch(head)
    if found is None:
        return None
    key, date, region, service, signed = found.groups()
    return Scope(
        access_key_id=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(signed.split(";")),
    )


def verify(
    authorization: Authorization,
    credential: Credential | None,
    *,
    method: str,
    raw_path: str,
    raw_query: str,
    headers: MultiMapping[str],
    body: bytes,
    now: datetime,
) -> Credential:
    """Return the credential if the whole request is signed with it, within 5 minutes of `now`.

    `raw_path` and `raw_query` are the target's two halves as they were sent. `credential` is
    what the access key id was found to be, or None.
    Raises UnrecognizedClientException, IncompleteSignatureException, InvalidSignatureException.
    """
    if credential is None:
        raise UnrecognizedClientException(
            "The security token included in the request is invalid."
        )
    scope = authorization.scope
    stamp = headers.get("X-Amz-Date", "")
    _require_signed(tuple(headers), scope.signed_headers)
    _require_fresh(scope, stamp, now)
    canonical = (
        f"{method}\n{_canonical_path(raw_path)}\n{_canonical_query(raw_query)}\n"
        f"{_canonical_headers(scope.signed_headers, headers)}\n\n"
        f"{';'.join(scope.signed_headers)}\n{_payload_hash(headers, body)}"
    )
    expected = _signature(scope, credential.secret, stamp, canonical)
    if not hmac.compare_digest(expected, authorization.signature):
        raise InvalidSignatureException(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details."
        )
    return credential


def _payload_hash(headers: MultiMapping[str], body: bytes) -> str:
    """Hash what arrived; UNSIGNED-PAYLOAD is refused like any other wrong hash."""
    payload = sha256(body).hexdigest() if body else EMPTY
    if headers.get("X-Amz-Content-SHA256", payload) != payload:
        raise InvalidSignatureException(
            "The 'x-amz-content-sha256' header is not the hash of the body that arrived."
        )
    return payload


def _signature(scope: Scope, secret: str, stamp: str, canonical: str) -> str:
    digest = sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope.text}\n{digest}"
    key = _signing_key(secret, scope.date, scope.region, scope.service)
    signature = key.copy()
    signature.update(text.encode())
    return signature.hexdigest()


def _require_signed(names: tuple[str, ...], signed: tuple[str, ...]) -> None:
    unsigned = _unsigned(names, signed)
    if unsigned is not None:
        raise InvalidSignatureException(f"'{unsigned[:64]}' must be a signed header.")


@lru_cache(512)
def _unsigned(names: tuple[str, ...], signed: tuple[str, ...]) -> str | None:
    """Find a header that should be signed and is not: the host, and all of AWS's own."""
    if "host" not in signed:
        return "host"
    own = (name for name in map(str.lower, names) if name.startswith("x-amz-"))
    return next((name for name in own if name not in signed), None)


def _require_fresh(scope: Scope, stamp: str, now: datetime) -> None:
    signed_at = _instant(stamp)
    if signed_at is None:
        raise IncompleteSignatureException(
            "Authorization header requires existence of an 'X-Amz-Date' header "
            "in the form YYYYMMDD'T'HHMMSS'Z'."
        )
    if scope.date != stamp[:8]:
        raise InvalidSignatureException(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: '{scope.date}' != '{stamp[:8]}'."
        )
    if signed_at < now - SKEW:
        raise InvalidSignatureException(
            f"Signature expired: {stamp} is now earlier than {now - SKEW:%Y%m%dT%H%M%SZ} "
            f"({now:%Y%m%dT%H%M%SZ} - 5 min.)"
        )
    if signed_at > now + SKEW:
        raise InvalidSignatureException(
            f"Signature not yet current: {stamp} is still later than "
            f"{now + SKEW:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} + 5 min.)"
        )


@lru_cache(64)
def _instant(stamp: str) -> datetime | None:
    if not STAMP.fullmatch(stamp):
        return None
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _canonical_headers(signed: tuple[str, ...], headers: MultiMapping[str]) -> str:
    lines = []
    for name in signed:
        values = headers.getall(name, None) or [""]
        value = values[0] if len(values) == 1 else ",".join(map(_trimmed, values))
        lines.append(f"{name}:{' '.join(value.split())}")
    return "\n".join(lines)


def _trimmed(value: str) -> str:
    return " ".join(value.split())


def _canonical_query(raw_query: str) -> str:
    """Sort the fields as they were sent, encoded; a field without a value gets an empty one."""
    if not raw_query:
        return ""
    pairs = sorted(field.partition("=")[::2] for field in raw_query.split("&"))
    return "&".join([f"{name}={value}" for name, value in pairs])


@lru_cache(512)
def _canonical_path(raw_path: str) -> str:
    """Remove dots and double slashes, then encode what was sent once more."""
    kept: list[str] = []
    for part in raw_path.split("/"):
        if part == "..":
            del kept[-1:]
        elif part and part != ".":
            kept.append(part)
    tail = "/" if kept and raw_path.endswith("/") else ""
    path = "/" + "/".join(kept) + tail
    return quote(path, safe="/~", errors="surrogateescape")


@lru_cache(256)
def _signing_key(secret: str, date: str, region: str, service: str) -> hmac.HMAC:
    """To be copied, which is cheaper than to begin with the key each time."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, digestmod="sha256")
