"""The options that every command shares, before or after the subcommand, and the `Call` they make.

`command` is the decorator of every command function: it adds the shared options to the signature,
so that `--help` shows them and Typer parses them in both places. A block of options that several
commands share is a dictionary such as `PANEL`.
"""

from __future__ import annotations

import inspect
import os
import time
import unicodedata
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from vouchercli.cli import units
from vouchercli.cli.misuse import refuse_misuse, refuse_unusable
from vouchercli.errors import UsageFault
from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vouchercli.result import Outcome
    from vouchercli.session import Session

# the forms of an answer, and how many rows of a list each holds unless --limit is given (None: all)
OUTPUTS = {
    "table": 100,
    "json": 10_000,
    **dict.fromkeys(("csv", "jsonl", "xlsx", "html", "md", "docx")),
}
# the form that the name of a file asks for (-O)
SUFFIXES = {".txt": "table", ".htm": "html", **{f".{form}": form for form in OUTPUTS}}
del SUFFIXES[".table"]

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
        typer.Option(
            "--lang",
            metavar="zh|en",
            help="Language of all text (else VOUCHER_LANG, else the locale).",
        ),
    ],
    "output": Annotated[
        Optional[str],
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT",
            help="table, json or csv; of lists and reports also jsonl, html, md, docx or xlsx.",
        ),
    ],
    "into": Annotated[
        Optional[Path],
        typer.Option(
            "--output-file",
            "-O",
            metavar="FILE",
            help="Write the answer into FILE, in the form that its name asks for.",
        ),
    ],
    "excel": Annotated[
        bool,
        typer.Option(
            "--excel",
            help="CSV for Excel: with a byte order mark, headings in the language of all text.",
        ),
    ],
    "actor": Annotated[
        Optional[str],
        typer.Option(
            "--actor",
            metavar="NAME",
            help="Who acts (else VOUCHER_ACTOR, else the login name); both are recorded.",
        ),
    ],
    "now": Annotated[
        Optional[str],
        typer.Option(
            "--now",
            metavar="TIME",
            help=(
                "Act as if it were TIME (else VOUCHER_NOW): rehearsal, late entry; the log keeps"
                " both."
            ),
        ),
    ],
    "as_of": Annotated[
        Optional[str],
        typer.Option("--as-of", metavar="TIME", help="Reports: what was true up to TIME."),
    ],
    "unit": Annotated[
        Optional[str],
        typer.Option(
            "--unit",
            metavar="UNIT",
            help=(
                "Reports: amounts in this unit: yuan, wan (10,000), yi (100 million) or million;"
                " or 元, 万元, 亿元."
            ),
        ),
    ],
    "dry_run": Annotated[
        bool, typer.Option("--dry-run", help="Do everything, then write nothing.")
    ],
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.")],
}
OF_ROWS = ("file", "from_")  # what a file of rows is given as
# moments that are a date in every time zone, with a day to spare (UTC seconds)
EARLIEST, LATEST = -62_135_424_000, 253_402_128_000
FLAGS = (
    "version",
    "install_completion",
    "show_completion",
    "excel",
    "dry_run",
    "yes",
    "verbose",
    "allow_partial",
)
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
To = Annotated[
    Optional[Path],
    typer.Option("--to", metavar="FILE", help="Write it into this new file."),
]
Recipients = Annotated[
    Optional[list[str]],
    typer.Option(
        "--recipient",
        metavar="AGE1...",
        help="Encrypt it for this public key of age; may be given several times.",
    ),
]
Why = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: it is kept.")]
Evidence = Annotated[
    str,
    typer.Option(
        "--evidence", metavar="TEXT", help="What it rests on: a file, a letter, a receipt."
    ),
]
Reverse = Annotated[
    bool, typer.Option("--reverse", help="Only reverse it: it should not be there at all.")
]
Since = Annotated[
    Optional[str],
    typer.Option("--since", metavar="TIME", help="Only from TIME on (a bare date: its 00:00)."),
]
Until = Annotated[
    Optional[str],
    typer.Option("--until", metavar="TIME", help="Only up to TIME (a bare date: its 24:00)."),
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
    context: Any = None  # the parser's, of the command at hand
    is_alone: bool = False  # whether nothing else runs in this process

    @property
    def db_path(self) -> Path:
        """The database file: --db, else VOUCHER_DB, else voucher.db in this folder."""
        return Path(self.given.get("db") or os.environ.get("VOUCHER_DB") or "voucher.db")

    @property
    def output(self) -> str:
        """One of `OUTPUTS`, said or asked for by the name of the file; raises `UsageFault` for
        anything else.
        """
        chosen = self.given.get("output") or ("csv" if self.given.get("excel") else self._by_name())
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
    def into(self) -> Path | None:
        """The file that the answer goes into; None: it is shown."""
        return self.given.get("into")

    def _by_name(self) -> str:
        if self.into is None:
            return "table"
        form = SUFFIXES.get(self.into.suffix.lower())
        if form is None:
            raise UsageFault(
                "unknown_suffix",
                "nothing says in which form {file} is to be",
                hint="end its name in one of {known}, or say it with -o",
                file=str(self.into),
                known=", ".join(SUFFIXES),
            )
        return form

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
        if not text:
            return int(time.time())  # noqa: TID251 # the clock enters here
        return read_moment(text, zone, self.stand_in)

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

    def span(self, session: Session, since: str | None, until: str | None) -> dict[str, int | None]:
        """--since and --until of a list as UTC epoch seconds, both included. Raises `UsageFault`
        when nothing can lie between them.
        """
        first, last = self.moment(session, since), self.up_to(session, until)
        if first is not None and last is not None and first > last:
            raise empty_window()
        return {"since": first, "until": last}

    def utc_text(
        self, session: Session, text: str | None, *, end_of_day: bool = False
    ) -> str | None:
        """A time typed by a person as our own files have it; None where none was given."""
        at = self.moment(session, text, end_of_day=end_of_day)
        return None if at is None else times.iso(at, "UTC").replace("+00:00", "Z")

    def moment(self, session: Session, text: str | None, *, end_of_day: bool = False) -> int | None:
        """A time option as UTC epoch seconds, read in the programme's zone; None stays None."""
        from vouchercli.ops.sessions import zone  # loaded with the session

        if text is None:
            return None
        return read_moment(text, zone(session), self._option_with(text), end_of_day=end_of_day)

    def local_day(self, session: Session, text: str) -> int:
        """A day as yyyymmdd in the programme's zone."""
        from vouchercli.ops.sessions import zone  # loaded with the session

        local = zone(session)
        return times.day_of(read_moment(text, local, "DAY", is_day=True), local)

    def _option_with(self, text: str) -> str:
        """The option that was given this value, as it is written."""
        asked = self.context.command.params if self.context else ()
        values = {**(self.context.params if self.context else {}), **self.given}
        return next((each.opts[0] for each in asked if values.get(each.name) == text), "")


def empty_window() -> UsageFault:
    """The refusal of a span in which nothing can lie."""
    return UsageFault("empty_window", "--since is later than --until", hint="swap the two times")


def read_moment(
    text: str, zone: str, option: str, *, end_of_day: bool = False, is_day: bool = False
) -> int:
    """A time typed by a person as UTC epoch seconds; also in full-width characters. `option` is
    where it was typed; `is_day`: a day is asked for. Raises `UsageFault`.
    """
    written = unicodedata.normalize("NFKC", text)
    try:
        at = times.parse(written, zone, end_of_day=end_of_day)
        if not EARLIEST <= at <= LATEST:
            raise OverflowError(text)
        return at
    except (ValueError, OverflowError) as error:  # a year that no calendar reaches
        why = times.why_no_time(written)
        if is_day:
            raise UsageFault(
                "bad_time_option",
                "{text} is not a day: {why}" if why else "{text} is not a day",
                hint="write it like 2020-03-27",
                where=option,
                text=text,
                why=why,
            ) from error
        raise UsageFault(
            "bad_time_option",
            "{text} is not a time: {why}" if why else "{text} is not a time",
            hint="write it like 2020-03-27 08:00",
            where=option,
            text=text,
            why=why,
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
    has_workbook: bool = False,
    has_pages: bool = False,
    is_hidden: bool = False,
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Register a function as the subcommand `name`; its docstring is the help, `epilog` the
    examples. One that takes a `session` is given the open database, one that takes `call` the
    command line, one that takes `**more` the block of `options`, of which some are `required`; one
    that `looks_back` knows --as-of; one that `is_list` is given the `limit` of its rows (None: all)
    and may be asked for JSON lines; one that `has_workbook` may be asked for an XLSX file, one
    that `has_pages` for pages too.
    One that `is_hidden` goes on under a name of before, which no help shows.
    """

    def register(function: Callable[..., Outcome]) -> Callable[..., Outcome]:
        def run(*, ctx: typer.Context, **given: Any) -> Outcome:
            call = ctx.find_root().obj
            call.command, call.context = ctx.command_path.partition(" ")[2], ctx
            call.given |= {
                option: value
                for option in PANEL
                if (value := given.pop(option)) != DEFAULTS[option]
            }
            named = {name: text for name, text in os.environ.items() if name.startswith("VOUCHER_")}
            refuse_unusable(
                named | call.given | given,
                {str(each.name): each.opts[0] for each in ctx.command.params},
            )
            is_about_one = call.command.startswith(("batch ", "eligibility "))
            call.batch = given.get("batch") if is_about_one else None
            refuse_misuse(
                call.command,
                call.output,
                call.given,
                looks_back=looks_back,
                has_rows=is_list or call.command.startswith("report "),
                has_workbook=has_workbook,
                has_pages=has_pages,
            )
            units.ask(call.given.get("unit"))
            if is_list:
                call.limit = given["limit"]
                given["limit"] = call.most
            go_apart(call, given)
            if "call" in function.__annotations__:
                given["call"] = call
            if "session" in function.__annotations__ and given.get("lake") is not None:
                given["session"] = None  # what a lake says, no file of ours does
                return function(**given)
            if "session" not in function.__annotations__:
                return function(**given)
            # open until the answer is shown: a long list is read meanwhile
            given["session"] = call.opened.enter_context(call.session())
            _mask_typed(call, given)
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
        app.command(name, epilog=epilog or None, hidden=is_hidden)(run)
        return function

    return register


def go_apart(call: Call, given: Mapping[str, Any]) -> None:
    """Go on in a process of its own where a file is read that may cost anything: a spreadsheet,
    Parquet, an archive, a large text; one that a batch knows, or that the clock would take in.
    Raises `typer.Exit` in the process that waited for it.
    """
    named = [given[name] for name in OF_ROWS if given.get(name)]
    may_read = call.command == "batch resume" or (call.command == "schedule tick" and call.dry_run)
    if not (call.is_alone and (named or may_read)):
        return
    from vouchercli.ops.intake import apart  # only for a command that reads a file of rows

    file = next(filter(apart.may_cost_much, named), "")
    if apart.IS_POSSIBLE and (file or may_read):
        code = apart.run_apart(str(file or call.command), call.db_path)
        if code is not None:
            raise typer.Exit(code)


def _mask_typed(call: Call, given: dict[str, Any]) -> None:
    """Mask what a person has written of other people, before it is kept."""
    from vouchercli.ops.sessions import without_identities  # loaded with the session

    for name in ("note", "reason", "evidence", "words", "who", "seen", "complainant"):
        if given.get(name):
            given[name] = without_identities(call.db_path, given[name])


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


def split_codes(given: list[str] | None) -> list[str]:
    """`--round a,b --round c` -> a, b, c, each once."""
    parts = (part.strip() for text in given or () for part in text.replace("，", ",").split(","))
    return list(dict.fromkeys(part for part in parts if part))
