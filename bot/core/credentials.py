"""What a signed request is held against."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An access key of the API and whose it is."""

    access_key_id: str
    secret: str = field(repr=False)
    account_id: str
    principal_arn: str
