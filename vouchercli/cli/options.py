"""The options that every command shares, before or after the subcommand, and the `Call` they make.

`command` is the decorator of every command function: it adds the shared options to the signature,
so that `--help` shows them and Typer parses them in both places. A block of options that several
commands share is a dictionary such as `PANEL`.
"""

from __future__ import annotations

import inspect
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from vouchercli.cli.misuse import refuse_misuse
from vouchercli.errors import UsageFault
from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vouchercli.result import Outcome
    from vouchercli.session import Session

# the forms of an answer, and how many rows of a list each holds unless --limit is given (None: all)
OUTPUTS = {"table": 100, "json": 10_000, "csv": None, "jsonl": None}

PANEL = {
    "db": Annotated[
        Optional[Path],
        typer.Option(
            "--db", metavar="FILE", help="The database (else VOUCHER_DB, else voucher.db here)."
        ),
    ],
    "programme": Annotated[
        Optional[str],
        typer.Option(
            "--programme",
            metavar="CODE",
            help="The programme (else VOUCHER_PROGRAMME, else the one chosen with programme use).",
        ),
    ],
    "lang": Annotated[
        Optional[str],
        typer.Option("--lang", metavar="zh|en", help="Language of all text (else the locale)."),
    ],
    "output": Annotated[
        Optional[str],
        typer.Option(
            "--output", "-o", metavar="FORMAT", help="table, json or csv; of lists also jsonl."
        ),
    ],
    "actor": Annotated[
        Optional[str],
        typer.Option(
            "--actor", metavar="NAME", help="Who acts (else the login name); both are recorded."
        ),
    ],
    "now": Annotated[
        Optional[str],
        typer.Option(
            "--now",
            metavar="TIME",
            help="Act as if it were TIME (rehearsal, late entry); the log keeps both times.",
        ),
    ],
    "as_of": Annotated[
        Optional[str],
        typer.Option("--as-of", metavar="TIME", help="Reports: what was true up to TIME."),
    ],
    "dry_run": Annotated[
        bool, typer.Option("--dry-run", help="Do everything, then write nothing.")
    ],
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.")],
}
FLAGS = ("version", "install_completion", "show_completion", "dry_run", "yes", "verbose")
DEFAULTS: dict[str, Any] = {name: False if name in FLAGS else None for name in PANEL}

# what lists may be cut down to
OnlyRound = Annotated[
    Optional[str], typer.Option("--round", metavar="CODE", help="Only this round.")
]
OnlyClaim = Annotated[
    Optional[str], typer.Option("--claim", metavar="NO", help="Only this claim number.")
]
OnlyResident = Annotated[
    Optional[str],
    typer.Option(
        "--resident", metavar="ID", help="Only this resident (the identity, or its token)."
    ),
]
Limit = Annotated[
    Optional[int],
    typer.Option(
        "--limit",
        metavar="N",
        min=0,
        help=(
            "How many rows at most (0: all; unless given, 100 in a table, 10,000 in json, all in"
            " csv and jsonl)."
        ),
    ),
]


@dataclass
class Call:
    """What one command line asked for, before and after the subcommand together."""

    command: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    clock: dict[str, Any] = field(default_factory=dict)  # what the answer says of it, once there
    batch: int | None = None  # the one that the command is about
    arguments: tuple[str, ...] = ()  # as typed
    limit: int | None = None  # as given with --limit
    opened: ExitStack = field(default_factory=ExitStack)  # what is closed when all is shown

    @property
    def db_path(self) -> Path:
        """The database file: --db, else VOUCHER_DB, else voucher.db in this folder."""
        return Path(self.given.get("db") or os.environ.get("VOUCHER_DB") or "voucher.db")

    @property
    def output(self) -> str:
        """table, json, csv or jsonl; raises `UsageFault` for anything else."""
        chosen = self.given.get("output") or "table"
        if chosen not in OUTPUTS:
            raise UsageFault(
                "unknown_output",
                "there is no output format {output}",
                hint="choose one of: {known}",
                output=chosen,
                known=", ".join(OUTPUTS),
            )
        return str(chosen)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be written."""
        return bool(self.given.get("dry_run"))

    @property
    def yes(self) -> bool:
        """Whether every question is answered already."""
        return bool(self.given.get("yes"))

    @property
    def programme(self) -> str | None:
        """The programme's code, when the command line names one."""
        return self.given.get("programme")

    @property
    def stand_in(self) -> str:
        """What stands in for the machine's clock: --now, VOUCHER_NOW, or nothing ('')."""
        if self.given.get("now"):
            return "--now"
        return "VOUCHER_NOW" if os.environ.get("VOUCHER_NOW") else ""

    @property
    def most(self) -> int | None:
        """How many rows of a list are shown at most; None: all."""
        return OUTPUTS[self.output] if self.limit is None else self.limit or None

    def present(self, zone: str = times.HOME_ZONE) -> int:
        """Now, as UTC epoch seconds: the machine's clock, or the time given by --now or
        VOUCHER_NOW. The clock is read here and nowhere else.
        """
        text = self.given.get("now") or os.environ.get("VOUCHER_NOW")
        return moment(text, zone) if text else int(time.time())  # noqa: TID251 # the clock enters here

    def at_present(self, session: Session) -> Session:
        """The same session with the time of now."""
        from vouchercli.ops.sessions import zone  # loaded with the session

        now = session.now if self.stand_in else self.present(zone(session))
        return session._replace(now=now, entered_at=int(time.time()))  # noqa: TID251 # here too

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open the database for one operation, if who acts may do it, and keep what its answer says
        of the clock.
        """
        from vouchercli.ops.sessions import open_session  # --version and --help open no file
        from vouchercli.ops.setup import doors

        with open_session(
            self.db_path,
            actor=self.given.get("actor") or os.environ.get("VOUCHER_ACTOR"),
            programme=self.programme or os.environ.get("VOUCHER_PROGRAMME") or None,
            present=self.present,
            entered_at=int(time.time()),  # noqa: TID251 # and what it says beside --now
            dry_run=self.dry_run,
            stand_in=self.stand_in,
        ) as session:
            doors.enter(session, self.command, self.batch)
            yield session
            self.note_clock(session)

    def note_clock(self, session: Session) -> None:
        """Keep what the answer says of the clock, now that the work is done."""
        from vouchercli.ops.sessions import describe_clock  # loaded with the session

        self.clock = describe_clock(session)

    def as_of(self, session: Session) -> int | None:
        """--as-of as UTC epoch seconds in the programme's zone, or None."""
        return self.up_to(session, self.given.get("as_of"))

    def up_to(self, session: Session, text: str | None) -> int | None:
        """The last second that a time option means, in the programme's zone. A bare date means its
        last second: the first second of the next day belongs to the next day.
        """
        start = self.moment(session, text)
        end = self.moment(session, text, end_of_day=True)
        return start if start is None or end is None or start == end else end - 1

    def moment(self, session: Session, text: str | None, *, end_of_day: bool = False) -> int | None:
        """A time option as UTC epoch seconds, read in the programme's zone; None stays None."""
        from vouchercli.ops.sessions import zone  # loaded with the session

        return None if text is None else moment(text, zone(session), end_of_day=end_of_day)


def moment(text: str, zone: str, *, end_of_day: bool = False) -> int:
    """A time typed by a person as UTC epoch seconds. Raises `UsageFault`."""
    try:
        return times.parse(text, zone, end_of_day=end_of_day)
    except (ValueError, OverflowError) as error:  # a year that no calendar reaches
        raise UsageFault(
            "bad_time_option",
            "{text} is not a time",
            hint="write it like 2020-03-27 08:00",
            text=text,
        ) from error


def verbs() -> typer.Typer:
    """The commands of a noun, a group also while it has but one; its help stands in `cli.main`."""
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.callback()(lambda: None)
    return app


def command(
    app: typer.Typer,
    name: str,
    *,
    epilog: str = "",
    options: Mapping[str, Any] | None = None,
    required: tuple[str, ...] = (),
    looks_back: bool = False,
    is_list: bool = False,
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Register a function as the subcommand `name`; its docstring is the help, `epilog` the
    examples. One that takes a `session` is given the open database, one that takes `call` the
    command line, one that takes `**more` the block of `options`, of which some are `required`; one
    that `looks_back` knows --as-of; one that `is_list` is given the `limit` of its rows (None: all)
    and may be asked for JSON lines.
    """

    def register(function: Callable[..., Outcome]) -> Callable[..., Outcome]:
        def run(*, ctx: typer.Context, **given: Any) -> Outcome:
            call = ctx.find_root().obj
            call.command = ctx.command_path.partition(" ")[2]
            call.given |= {
                option: value
                for option in PANEL
                if (value := given.pop(option)) != DEFAULTS[option]
            }
            is_about_one = call.command.startswith(("batch ", "eligibility "))
            call.batch = given.get("batch") if is_about_one else None
            refuse_misuse(
                call.command, call.output, call.given, looks_back=looks_back, is_list=is_list
            )
            if is_list:
                call.limit = given["limit"]
                given["limit"] = call.most
            if "call" in function.__annotations__:
                given["call"] = call
            if "session" not in function.__annotations__:
                return function(**given)
            # open until the answer is shown: a long list is read meanwhile
            given["session"] = call.opened.enter_context(call.session())
            outcome = function(**given)
            call.note_clock(given["session"])
            return outcome

        def show_options() -> None:
            accepted = inspect.signature(function, eval_str=True).parameters
            given = ("call", "session", "limit") if is_list else ("call", "session")
            own = [accepted[name] for name in accepted if name not in given]
            block = {**(options or {}), **({"limit": Limit} if is_list else {})}
            declare(run, [*own, *parameters(block, required), *parameters(PANEL)])

        # called for the verb that is asked for: to read all options of a noun takes milliseconds
        run.show_options = show_options  # type: ignore[attr-defined]
        run.__doc__ = function.__doc__
        app.command(name, epilog=epilog or None)(run)
        return function

    return register


def parameters(
    options: Mapping[str, Any], required: tuple[str, ...] = ()
) -> Iterator[inspect.Parameter]:
    """A block of options as parameters of a function."""
    for name, annotation in options.items():
        default = inspect.Parameter.empty if name in required else False if name in FLAGS else None
        yield inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )


def declare(function: Callable[..., Any], own: list[inspect.Parameter]) -> None:
    """Let Typer see these parameters of a function that takes them by `**`."""
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    seen = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in (*own, context)
        if each.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    function.__signature__ = inspect.Signature(seen)  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in seen}
