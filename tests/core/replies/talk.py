"""How tests speak as people and vendors do: words to say, and where they go."""

from __future__ import annotations

from bot.core.access import Caller
from bot.core.channel import Reply
from bot.core.replies import Replies
from tests.harness import ACCOUNT, REGION, TestHouse

ANAS_NUMBER = "+12065550100"
BENS_NUMBER = "+12065550199"
CHAT_USER = Caller(
    account_id=ACCOUNT,
    principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/chat/T1-U1",
    actor="carla",
    door="slack",
    region=REGION,
    rights="responder",
)


def replies_of(house: TestHouse) -> Replies:
    return Replies(house.dispatcher, house.store, account_id=ACCOUNT, region=REGION)


async def texts(
    house: TestHouse, body: str, *, sender: str = ANAS_NUMBER, **more: bool
) -> str | None:
    return await replies_of(house).text(Reply(sender=sender, body=body, **more), medium="SMS")


async def types(house: TestHouse, code: str, *, thread: str | None = None) -> str:
    return await replies_of(house).chat_code(caller=CHAT_USER, code=code, incident_arn=thread)


def wrong(code: str) -> str:
    return str((int(code) + 1) % 1_000_000).zfill(6)


async def receipt_types(house: TestHouse, engagement_arn: str) -> list[str]:
    [page] = await house.pages_of(engagement_arn)
    return [receipt["ReceiptType"] for receipt in await house.receipts_of(page["PageArn"])]
