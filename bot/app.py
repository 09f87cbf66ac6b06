"""The composition root: the only file that knows everybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import ClientSession, ClientTimeout, web

from bot.core import operations, tasks
from bot.core.channel import Channel
from bot.core.clock import Clock, SystemClock
from bot.core.context import House
from bot.core.courier import Courier
from bot.core.credentials import Credential
from bot.core.deliveries import Deliveries
from bot.core.dispatch import Dispatcher
from bot.core.engine import BACKSTOP, Engine
from bot.core.keyring import Keyring
from bot.core.poller import Poller
from bot.core.postman import Postman
from bot.core.replies import Replies
from bot.core.replies.alarms import Alarms
from bot.core.replies.feeds import Feeds
from bot.core.replies.topics import TopicLinks
from bot.core.signing import TopicSigner
from bot.core.store.executor import Lane, Store, open_store
from bot.core.store.lease import Lease
from bot.core.store.work import Outbox
from bot.core.tasks.sweep import ensure_sweep
from bot.later import LateChatDoor, LateSlackDoor, load_later, make_mailbox
from bot.limits import limits_of, rules_of
from bot.media import make_channels, sender_of, slack_client, twilio_account
from bot.settings import Settings
from bot.web.alarms import AlarmDoor, fetcher
from bot.web.api import ApiDoor
from bot.web.callbacks import Callbacks
from bot.web.feeds import FeedDoor
from bot.web.health import Health
from bot.web.metrics import Metrics
from bot.web.rates import Rates
from bot.web.routes import Doors, web_application
from bot.web.topics import TopicDoor

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.channels.twilio_account import TwilioAccount

log = logging.getLogger(__name__)

LOADED = (operations, tasks)
"""Importing them fills the registry."""

Part = Literal["web", "engine"]


class Hands:
    """What handlers reach after a commit; engine and courier are put in once they exist.

    Other processes are told of what anybody may do soon; the rest they find by themselves.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.engine: Engine | None = None
        self.courier: Courier | None = None

    def reach_for(self, engine: Engine, courier: Courier, stack: AsyncExitStack) -> None:
        """Even a process that runs neither owns, and so carries, what its handlers tell."""
        self.engine, self.courier = engine, courier
        stack.push_async_callback(courier.close)
        _in_background(courier.keep_lease(), stack)

    def carry(self, rows: list[Outbox]) -> None:
        if self.courier is not None:
            self.courier.carry(rows)

    def wake_engine(self, at: datetime) -> None:
        if self.engine is not None:
            self.engine.wake(at)
        if at <= self._clock.now() + BACKSTOP:
            self._store.announce()

    def wake_courier(self) -> None:
        if self.courier is not None:
            self.courier.wake()
        self._store.announce()

    def hear(self) -> None:
        """Another process has announced work."""
        if self.courier is not None:
            self.courier.wake()
        if self.engine is not None:
            self.engine.look()


@dataclass(slots=True, kw_only=True)
class App:
    """Everything in one process, once `open_app` has put it together."""

    settings: Settings
    clock: Clock
    store: Store
    dispatcher: Dispatcher
    engine: Engine
    courier: Courier
    replies: Replies
    feeds: Feeds
    alarms: Alarms
    poller: Poller
    postman: Postman | None
    topics: TopicLinks
    deliveries: Deliveries
    channels: Mapping[str, Channel]
    account: TwilioAccount | None
    client: AsyncWebClient | None
    port: int = 0
    """Where the web doors listen; 0 before they do."""
    has_loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing is left to be imported."""


@asynccontextmanager
async def open_app(
    settings: Settings, *, clock: Clock | None = None, only: Part | None = None
) -> AsyncIterator[App]:
    """Open the store, wire everybody, listen and work; close in the opposite order.

    Raises StoreError and MasterKeyError where the database cannot be opened, OSError where
    the port is taken.
    """
    async with AsyncExitStack() as stack:
        app = await _wire(settings, clock or SystemClock(), stack)
        if only != "web":
            await _work(app, stack)
        if only != "engine":
            await _listen(app, stack)
        if only != "web":
            _work_on(app, stack)
        _in_background(_load(app), stack)
        yield app


async def _load(app: App) -> None:
    await load_later(app.settings)
    app.has_loaded.set()


async def _wire(settings: Settings, clock: Clock, stack: AsyncExitStack) -> App:
    """Open the store last: what waits in it leaves as soon as it is open."""
    session = ClientSession(timeout=ClientTimeout(total=30))
    stack.push_async_callback(session.close)
    account, client = twilio_account(settings, session), slack_client(settings, session)
    signer = TopicSigner(clock, settings.account_id, settings.public_url)
    channels = make_channels(settings, account, client, signer.sign)
    for channel in channels.values():
        stack.push_async_callback(channel.close)
    store, lease = await _open_store(settings, stack)
    signer.use(store)
    hands = Hands(store, clock)
    house = _house(settings, channels, hands, lease, client)
    dispatcher = Dispatcher(store, clock, house, Keyring(store, first_credential(settings)))
    stack.push_async_callback(dispatcher.close)
    deliveries = Deliveries(store, dispatcher, settings.account_id, settings.region)
    engine = Engine(store, clock, dispatcher.unit, _preparations(client, deliveries))
    courier = Courier(store, clock, lease, channels, dispatcher.unit)
    hands.reach_for(engine, courier, stack)
    store.listen(hands.hear)
    where = {"account_id": settings.account_id, "region": settings.region}
    replies = Replies(dispatcher, store, **where)
    return App(
        settings=settings,
        clock=clock,
        store=store,
        dispatcher=dispatcher,
        engine=engine,
        courier=courier,
        replies=replies,
        feeds=Feeds(dispatcher, store, **where),
        alarms=_alarms(settings, clock, store, dispatcher, session),
        poller=Poller(store, clock, channels, replies, has_callbacks=bool(settings.public_url)),
        postman=_postman(settings, clock, store, lease, replies, stack),
        topics=TopicLinks(dispatcher, store, signer, **where),
        deliveries=deliveries,
        channels=channels,
        account=account,
        client=client,
    )


def _alarms(
    settings: Settings,
    clock: Clock,
    store: Store,
    dispatcher: Dispatcher,
    session: ClientSession,
) -> Alarms:
    return Alarms(
        dispatcher,
        store,
        clock,
        account_id=settings.account_id,
        region=settings.region,
        public_url=settings.public_url,
        fetch=fetcher(session),
    )


async def _open_store(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Lease]:
    key = settings.master_key.get_secret_value() if settings.master_key else None
    new = settings.new_master_key.get_secret_value() if settings.new_master_key else None
    store = await open_store(settings.database_url, key, new_master_key=new)
    stack.push_async_callback(store.close)
    await (lease := Lease(store)).start()
    stack.push_async_callback(lease.end)
    return store, lease


def _postman(
    settings: Settings,
    clock: Clock,
    store: Store,
    lease: Lease,
    replies: Replies,
    stack: AsyncExitStack,
) -> Postman | None:
    if settings.imap_host is None:
        return None
    account_id = settings.account_id
    postman = Postman(
        store, clock, lease, replies, lambda: make_mailbox(settings), account_id=account_id
    )
    stack.push_async_callback(postman.close)
    return postman


def _house(
    settings: Settings,
    channels: Mapping[str, Channel],
    hands: Hands,
    lease: Lease,
    client: AsyncWebClient | None,
) -> House:
    return House(
        name_owner=lambda: lease.owner,
        media=frozenset(channels),
        public_url=settings.public_url,
        carry=hands.carry,
        wake_engine=hands.wake_engine,
        wake_courier=hands.wake_courier,
        answerers={"slack": LateChatDoor(settings).answer} if client else {},
        limits=limits_of(settings),
        rules=rules_of(settings),
        sender=sender_of(settings),
    )


async def _listen(app: App, stack: AsyncExitStack) -> None:
    settings = app.settings
    callbacks = Callbacks(
        app.replies,
        public_url=settings.public_url,
        account=app.account,
        sms=app.channels.get("sms"),  # type: ignore[arg-type]
        voice=app.channels.get("voice"),  # type: ignore[arg-type]
    )
    slack = _slack_door(app, app.client, stack) if app.client is not None else None
    api = ApiDoor(app.dispatcher, Rates() if settings.request_rates else None)
    doors = Doors(
        api=api,
        callbacks=callbacks,
        health=Health(app.store),
        metrics=Metrics(app.store, app.clock, settings.metrics, settings.metrics_token),
        slack=slack,
        feeds=FeedDoor(app.feeds),
        alarms=AlarmDoor(app.alarms),
        topics=TopicDoor(app.topics, api),
    )
    runner = web.AppRunner(web_application(doors), access_log=None, handle_signals=False)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
    await site.start()
    app.port = runner.addresses[0][1]


async def _work(app: App, stack: AsyncExitStack) -> None:
    """Begin with what is overdue, which leaves before anything else is asked of the store and
    before the port is opened.
    """
    _in_background(app.courier.run(), stack)
    await asyncio.sleep(0)  # the courier has asked the store then, and is answered before this
    await app.store.write(lambda _: None, Lane.COURIER)
    _in_background(app.engine.run(), stack)


def _work_on(app: App, stack: AsyncExitStack) -> None:
    if app.postman is not None:
        _in_background(app.postman.run(), stack)
    for work in (app.poller.run(), _sweep(app)):
        _in_background(work, stack)


async def _sweep(app: App) -> None:
    account_id = app.settings.account_id
    await app.store.write(
        lambda tx: ensure_sweep(app.dispatcher.unit(tx), account_id), Lane.JOB
    )


def _in_background(work: Coroutine[Any, Any, None], stack: AsyncExitStack) -> None:
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)


def first_credential(settings: Settings) -> Credential | None:
    """The pair in the environment: the account's administrator."""
    if settings.access_key_id is None or settings.secret_access_key is None:
        return None
    return Credential(
        access_key_id=settings.access_key_id,
        secret=settings.secret_access_key.get_secret_value(),
        account_id=settings.account_id,
        principal_arn=f"arn:aws:iam::{settings.account_id}:user/administrator",
    )


def _preparations(client: AsyncWebClient | None, deliveries: Deliveries) -> Mapping[str, Any]:
    if client is None:
        return {}
    from bot.commands.preparing import Preparing

    return {"answer_delivery": Preparing(client, deliveries).prepare}


def _slack_door(app: App, client: AsyncWebClient, stack: AsyncExitStack) -> LateSlackDoor:
    door = LateSlackDoor(app.settings, client, app.deliveries)
    stack.push_async_callback(door.close)
    _in_background(door.connect(), stack)
    return door
