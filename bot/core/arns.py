"""Amazon Resource Names as Incident Manager writes them (facts: ssm-incidents ARNs name no
region).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.ids import Key

REGIONLESS = frozenset({"ssm-incidents", "iam", "sts", "chatbot"})


@dataclass(frozen=True, slots=True)
class Arn:
    service: str
    region: str
    account_id: str
    resource: str

    def __str__(self) -> str:
        return f"arn:aws:{self.service}:{self.region}:{self.account_id}:{self.resource}"

    @property
    def resource_type(self) -> str:
        return self.resource.split("/", 1)[0]


def parse_arn(text: str) -> Arn:
    """Raises ValueError where `text` is not an ARN."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        raise ValueError(f"{text!r} is not an ARN")
    return Arn(service=parts[2], region=parts[3], account_id=parts[4], resource=parts[5])


def key_in(arn: str) -> Key:
    """What stands behind the last slash: in some ARNs the key of their row."""
    return Key(arn.rpartition("/")[2])


def build_arn(service: str, region: str, account_id: str, *resource: str) -> str:
    """Join the resource's parts by `/`; services without regions get none."""
    where = "" if service in REGIONLESS else region
    return f"arn:aws:{service}:{where}:{account_id}:{'/'.join(resource)}"
