"""The command line `imbot`. What a command needs is imported when it is asked for."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from bot.settings import Settings, SettingsError

Command = Callable[["Settings", argparse.Namespace], int]

ABOUT = """\
A self-hosted incident manager that lives in Slack and speaks the commands and the API of AWS
Systems Manager Incident Manager. It is independent of AWS.
"""

EPILOG = """\
examples:
  imbot demo               see everything at work on this machine, without any account
  imbot doctor             see what is missing for the real thing, and how to mend it
  imbot serve              run it
  imbot keys create ana    make a key pair for the AWS CLI and SDKs

Settings come from the environment: IMBOT_*, SLACK_*, TWILIO_*, SMTP_* and IMAP_*. The
README lists them; a medium whose settings are absent is off.
"""

SERVE = """\
Run the bot until it is asked to stop (SIGTERM, Ctrl-C): the AWS API, Slack, the vendors'
callbacks, and the engine that keeps time and sends pages. At start it says where it answers
and what is off for want of settings.
"""

DEMO = """\
Run the bot between stand-ins for Slack, phones and a mailbox, and print the address of a page
that shows them all. It needs no accounts, looks at no settings, and keeps nothing.
"""

MIGRATE = """\
Bring the database to the schema of this version. On SQLite `imbot serve` does so by itself; on
PostgreSQL run this before a new version is started.
"""

DOCTOR = """\
Check settings, database, who in it could be told, Slack, the SMS and voice account, the mail
server, the public URL and the clock. Each check is one line: ok, off, or wrong with a way to
mend it; so is each contact, plan or schedule that could tell nobody now. Nothing is sent to
anybody. The exit status is 1 if anything is wrong.
"""

KEYS = """\
Create, list and revoke the key pairs with which the AWS CLI and SDKs sign their requests. This
works while `imbot serve` runs.
"""

ROTATE = """\
Encrypt everything stored with a new data key, row by row, while `imbot serve` runs, then put
the keys under a new master key. Where that is a file beside the SQLite database, a new one
takes its place. Where it is IMBOT_MASTER_KEY, the new one is read from IMBOT_NEW_MASTER_KEY.
What is cut short is taken up by the next run.
"""

BACKUP = """\
Copy the SQLite database, while it is in use, to TARGET, check the copy, and put the master
key's file beside it (TARGET.key). Nothing is overwritten. PostgreSQL has its own tools.
"""

RESTORE = """\
Check the copy SOURCE, which `imbot backup` wrote, and put it where IMBOT_DATABASE_URL says,
with its key. A database that is there must be moved aside first. `imbot serve` must not run.
"""


class Plain(argparse.RawDescriptionHelpFormatter):
    """Keeps the texts above as they are, and each command on one line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)
        self._action_max_length = 14  # argparse forgets that subcommands are indented


class ShowVersion(argparse.Action):
    """Looks the version up only where it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"imbot {version('imbot')}")  # noqa: T201
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        status = _obey(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _obey(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    run: Command = options.run
    gc.disable()  # nothing of what is imported goes away; `serve` enables it again
    from bot.settings import SettingsError, load_settings

    if run is not _serve:
        gc.enable()
    try:
        settings = load_settings()
    except SettingsError as refusal:
        return _refuse(refusal, options)
    return run(settings, options)


def _refuse(refusal: SettingsError, options: argparse.Namespace) -> int:
    if options.command == "doctor":
        from bot.doctor import report_settings

        return report_settings(refusal)
    if options.command == "demo":
        from bot.settings import Settings

        return _demo(Settings.model_construct(), options)
    print(f"These settings are not usable:\n{refusal}", file=sys.stderr)  # noqa: T201
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="imbot",
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=Plain,
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show the version")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command"
    )
    serve = _add(commands, "serve", _serve, "run the bot", SERVE)
    serve.add_argument(
        "--only",
        choices=("web", "engine"),
        help="run one half in this process: what answers, or what keeps time and sends; "
        "on PostgreSQL, where several processes may share the database",
    )
    demo = _add(commands, "demo", _demo, "see it at work on this machine", DEMO)
    demo.add_argument("--port", type=int, default=8700, help="port of the page [8700]")
    _add(commands, "doctor", _doctor, "check every setting, and say how to mend it", DOCTOR)
    _add_keys(commands)
    _add(commands, "migrate", _migrate, "bring the database to the current schema", MIGRATE)
    rotate = _add(commands, "rotate-key", _rotate_key, "change the keys of secrets", ROTATE)
    rotate.add_argument(
        "--data-only", action="store_true", help="change the data key; the master key stays"
    )
    backup = _add(commands, "backup", _backup, "copy the SQLite database while in use", BACKUP)
    backup.add_argument("target", metavar="TARGET", help="file to write; it must not exist")
    restore = _add(commands, "restore", _restore, "put a backup in place", RESTORE)
    restore.add_argument("source", metavar="SOURCE", help="file that `imbot backup` wrote")
    return parser


def _add(
    commands: Any, name: str, run: Command, summary: str, text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=text,
        formatter_class=Plain,
    )
    parser.set_defaults(run=run)
    return parser


def _add_keys(commands: Any) -> None:
    keys = _add(commands, "keys", _keys, "create, list and revoke the API's key pairs", KEYS)
    verbs = keys.add_subparsers(title="verbs", metavar="VERB", required=True, dest="verb")
    words = "make a pair, and print it this once"
    create = verbs.add_parser("create", help=words, description=words.capitalize() + ".")
    create.add_argument("name", metavar="USER", help="the user's name in ARNs and records")
    words = "show all keys, without their secrets"
    verbs.add_parser("list", help=words, description=words.capitalize() + ".")
    words = "make a key useless, within seconds and for good"
    revoke = verbs.add_parser("revoke", help=words, description=words.capitalize() + ".")
    revoke.add_argument("name", metavar="ACCESS_KEY_ID", help="as `imbot keys list` shows it")


def _serve(settings: Settings, options: argparse.Namespace) -> int:
    from bot.serving import serve

    return _run(lambda: serve(settings, only=options.only))


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from bot.demo import demo

    return _run(lambda: demo(settings, port=options.port))


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from bot.upkeep import migrate

    _log(settings)
    return migrate(settings)


def _doctor(settings: Settings, _: argparse.Namespace) -> int:
    from bot.doctor import examine

    logging.disable()  # what a library would complain about is in the findings
    return asyncio.run(examine(settings))


def _keys(settings: Settings, options: argparse.Namespace) -> int:
    from bot.upkeep import keys

    _log(settings)
    return asyncio.run(keys(settings, options.verb, getattr(options, "name", None)))


def _rotate_key(settings: Settings, options: argparse.Namespace) -> int:
    from bot.rotation import rotate_key

    _log(settings)
    return asyncio.run(rotate_key(settings, data_only=options.data_only))


def _backup(settings: Settings, options: argparse.Namespace) -> int:
    from bot.upkeep import backup

    _log(settings)
    return backup(settings, options.target)


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    from bot.upkeep import restore

    _log(settings)
    return restore(settings, options.source)


def _log(settings: Settings) -> None:
    from bot.logs import set_up_logging

    set_up_logging(settings.log_format)


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
