"""Slack as a person uses it: what is typed and pressed, and what the bot shows for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.playground.slack import ADMIN, INCIDENTS, SlackTown
from tests.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the bot, as it stands in the channel now."""

    channel: str
    message: Mapping[str, Any]

    @property
    def words(self) -> str:
        """Everything that can be read in it: its blocks, else its text."""
        return "\n".join(_texts(self.message.get("blocks"))) or str(self.message["text"])

    @property
    def ts(self) -> str:
        return str(self.message["ts"])

    @property
    def buttons(self) -> list[str]:
        """The action ids of its buttons."""
        return [
            element["action_id"]
            for block in self.message.get("blocks", ())
            for element in block.get("elements", ())
            if element.get("type") == "button"
        ]

    @property
    def files(self) -> list[str]:
        """The ids of what is attached to it."""
        return [file["id"] for file in self.message.get("files", ())]


class Chat:
    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def slack(self) -> SlackTown:
        return self._world.town.slack

    async def hears(
        self,
        text: str,
        *,
        user: str = ADMIN,
        channel: str = INCIDENTS,
        thread_ts: str | None = None,
        copies: int = 1,
    ) -> list[Shown]:
        """Type something, and read what the bot says to it in that thread."""
        before = len(self.slack.posts(channel))
        ts = await self.slack.say(user, channel, text, thread_ts=thread_ts, copies=copies)
        await self._world.settle()
        said = self.shown(channel)[before:]
        return [one for one in said if one.message.get("thread_ts") == (thread_ts or ts)]

    async def answers(self, text: str, **where: Any) -> str:
        """The words of the one answer to what is typed."""
        (answer,) = await self.hears(text, **where)
        return answer.words

    async def tells(self, user: str, text: str) -> str:
        """The words of the one answer to a direct message."""
        return await self.answers(text, user=user, channel=self.slack.dm(user))

    async def slash(self, text: str, *, user: str = ADMIN, channel: str = INCIDENTS) -> str:
        """The words of the one answer to `/aws text`, in the channel or to the user alone."""
        places = (channel, self.slack.dm(user))
        before = [len(self.shown(place)) for place in places]
        await self.slack.slash(user, channel, "/aws", text)
        await self._world.settle()
        new = [
            one.words
            for place, number in zip(places, before, strict=True)
            for one in self.shown(place)[number:]
        ]
        assert len(new) == 1, new
        return new[0]

    async def presses(self, shown: Shown, action: str, *, user: str = ADMIN) -> None:
        await self.slack.press(user, shown.channel, shown.ts, action)
        await self._world.settle()

    async def opens(self, shown: Shown, action: str, *, user: str = ADMIN) -> str:
        """Press a button that opens a form, and read the form."""
        await self.slack.press(user, shown.channel, shown.ts, action)
        return self.form(user)

    async def submits(self, *, user: str = ADMIN, **values: Any) -> dict[str, str]:
        """Fill the open form in and send it off; answers what it complains of, by field."""
        await self.slack.submit_view(user, values)
        await self._world.settle()
        modals = self.slack.workspace.modals.get(user)
        return dict(modals[-1].get("errors", {})) if modals else {}

    def form(self, user: str = ADMIN) -> str:
        """Everything that can be read in the user's open form, what stands in its fields too;
        "" where none is open.
        """
        modals = self.slack.workspace.modals.get(user)
        return "\n".join(_texts(modals[-1])) if modals else ""

    async def reacts(
        self, user: str, ts: str, *, emoji: str = "pushpin", channel: str = INCIDENTS
    ) -> None:
        await self.slack.react(user, channel, ts, emoji)
        await self._world.settle()

    async def adds_to_timeline(self, user: str, ts: str, *, channel: str = INCIDENTS) -> None:
        """Take the bot's entry from a message's menu."""
        await self.slack.use_shortcut(user, channel, ts, "add_to_timeline")
        await self._world.settle()

    def whispers(self, user: str, channel: str = INCIDENTS) -> list[str]:
        """The words of what only that user sees there."""
        found = self.slack.channel(channel).ephemerals
        return [Shown(channel, one).words for one in found if one["user"] == user]

    def shown(self, channel: str = INCIDENTS) -> list[Shown]:
        """Everything of the bot's in a channel, oldest first."""
        return [Shown(channel, message) for message in self.slack.posts(channel)]

    def cards(self, channel: str = INCIDENTS) -> list[Shown]:
        """What stands in the channel itself, outside threads."""
        return [
            one for one in self.shown(channel) if one.message.get("thread_ts", one.ts) == one.ts
        ]

    def replies(self, card: Shown) -> list[str]:
        """The words of what stands under a card."""
        return [
            Shown(card.channel, message).words
            for message in self.slack.posts(card.channel, card.ts)
            if message["ts"] != card.ts
        ]


def _texts(piece: object) -> Iterator[str]:
    if isinstance(piece, Mapping):
        for name in ("text", "initial_value"):
            if isinstance(piece.get(name), str):
                yield piece[name]
        for value in piece.values():
            yield from _texts(value)
    elif isinstance(piece, Sequence) and not isinstance(piece, str):
        for one in piece:
            yield from _texts(one)
