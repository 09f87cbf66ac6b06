"""The command line `imbot`. What a command needs is imported when it is asked for."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bot.settings import Settings, SettingsError, load_settings

EPILOG = """\
Settings come from the environment (IMBOT_*, SLACK_*, TWILIO_*, SMTP_*); the README lists them.
Start with:  imbot demo      everything on this machine, no accounts needed
Then with:   imbot doctor    what is missing for the real thing, and how to mend it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"These settings are not usable:\n{error}", file=sys.stderr)  # noqa: T201
        return 2
    run: Callable[[Settings, argparse.Namespace], int] = options.run
    return run(settings, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="imbot",
        description="A self-hosted incident manager that lives in Slack and speaks the API of "
        "AWS Systems Manager Incident Manager.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="run the bot: API, Slack, callbacks and engine")
    serve.add_argument("--only", choices=("web", "engine"), help="run one half in this process")
    serve.set_defaults(run=_serve)
    demo = commands.add_parser("demo", help="run everything with a playground, on this machine")
    demo.add_argument("--port", type=int, default=8700, help="where the page is [8700]")
    demo.set_defaults(run=_demo)
    migrate = commands.add_parser("migrate", help="bring the database to the current schema")
    migrate.set_defaults(run=_migrate)
    doctor = commands.add_parser("doctor", help="check every setting, and say how to mend it")
    doctor.set_defaults(run=_doctor)
    _add_keys(commands)
    rotate = commands.add_parser(
        "rotate-key", help="put the stored secrets under a new master key"
    )
    rotate.set_defaults(run=_rotate_key)
    backup = commands.add_parser("backup", help="copy the SQLite database while it is in use")
    backup.add_argument("target", help="file to write; it must not exist")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="put a backup in the database's place")
    restore.add_argument("source", help="a file that `imbot backup` wrote")
    restore.set_defaults(run=_restore)
    return parser


def _add_keys(commands: Any) -> None:
    keys = commands.add_parser("keys", help="create, list and revoke API access keys")
    verbs = keys.add_subparsers(metavar="VERB", required=True)
    create = verbs.add_parser("create", help="make a key pair for a user of the API")
    create.add_argument("user", help="the user's name in ARNs and records")
    listing = verbs.add_parser("list", help="show the keys, without their secrets")
    revoke = verbs.add_parser("revoke", help="make a key useless at once")
    revoke.add_argument("access_key_id")
    for verb, name in ((create, "create"), (listing, "list"), (revoke, "revoke")):
        verb.set_defaults(run=_keys, verb=name)


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from bot.serving import serve

    return _run(lambda: serve(settings, only=options.only))


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from bot.demo import demo

    return _run(lambda: demo(settings, port=options.port))


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from bot.upkeep import migrate

    return migrate(settings)


def _doctor(settings: Settings, _: argparse.Namespace) -> int:
    from bot.doctor import examine

    return asyncio.run(examine(settings))


def _keys(settings: Settings, options: argparse.Namespace) -> int:
    from bot.upkeep import keys

    name = getattr(options, "user", None) or getattr(options, "access_key_id", None)
    return asyncio.run(keys(settings, options.verb, name))


def _rotate_key(settings: Settings, _: argparse.Namespace) -> int:
    from bot.upkeep import rotate_key

    return asyncio.run(rotate_key(settings))


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    from bot.upkeep import backup

    return backup(settings, options.target)


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    from bot.upkeep import restore

    return restore(settings, options.source)


def _run(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run until the work ends or a signal asks for it."""
    import uvloop

    async def until_asked() -> int:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_asked())


if __name__ == "__main__":
    sys.exit(main())
