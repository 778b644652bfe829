"""The front door: find the noun, run its command, show the outcome, choose the exit code."""

from __future__ import annotations

import gc
import io
import os
import signal
import sqlite3
import sys
from copy import copy
from functools import lru_cache
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from vouchercli import __version__
from vouchercli.cli import COMPLETING, USUAL_COLLECTOR
from vouchercli.cli.help import dress
from vouchercli.cli.language import choose_language, language, speak, t
from vouchercli.cli.nouns import NOUNS
from vouchercli.cli.options import DEFAULTS, PANEL, Call, declare, parameters
from vouchercli.cli.pasting import started_as
from vouchercli.errors import Declined, VoucherError
from vouchercli.result import NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED, INCOMPLETE = 130, 4
STRICT = ("strict", "surrogateescape")  # the second where no language is set
PRIVATE = 0o077  # of a new file or folder: nobody else may read it
# Typer carries its own Click and exports only this subclass
UsageError = typer.BadParameter.__mro__[1]
HELP = "help"  # `help round create` is `round create --help`, `help over_quota` finds a topic
FORMS = ("-o", "-O", "--output")  # a topic may be asked for in these, the help of a command not


class Nouns(TyperGroup):
    """The root group: lists every noun with its help without importing its module."""

    verb = ""  # the word after the noun
    context: Any = None  # of the command line at hand

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The noun's command, its name, and the words that follow."""
        if args[0] == HELP and ctx.resilient_parsing:  # a shell asks what `help` is followed by
            args = args[1:]
            if not args:
                return HELP, self, args
        elif args[0] == HELP and _is_of_a_command(ctx, args[1:]):
            words = takewhile(lambda word: word[:1] != "-", args)
            args = [*(word for word in words if word != HELP), "--help"]
        if args == ["--help"]:
            print(ctx.get_help())
            raise typer.Exit
        self.verb = args[1] if len(args) > 1 else ""
        try:
            return super().resolve_command(ctx, args)
        finally:
            self.verb = ""

    def list_commands(self, ctx: Any) -> list[str]:
        """The nouns, in the order of the work."""
        return [*NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a noun, its module imported only now; None when there is no such noun."""
        if cmd_name not in NOUNS:
            return None
        self.context = ctx
        if (cmd_name, self.verb) not in self.made:
            self.made[cmd_name, self.verb] = self._make(cmd_name)
        return self.made[cmd_name, self.verb]

    def _make(self, cmd_name: str) -> Any:
        app = _narrow(import_module(f"vouchercli.cli.{NOUNS[cmd_name][0]}").app, self.verb)
        for each in app.registered_commands:
            each.callback.show_options()  # type: ignore[union-attr]
        command = typer.main.get_command(app)
        command.name = cmd_name
        if hasattr(
            command, "commands"
        ):  # a noun with verbs takes the shared options before the verb too
            command.params += [parameter for parameter in self.params if parameter.name in PANEL]
            command.callback = lambda **given: _take_shared(self.context, **given)
            command.help = NOUNS[cmd_name][1]
        dress(command)
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Every noun with its help, without importing any."""
        with formatter.section(t("Commands")):
            formatter.write_dl([(noun, t(text)) for noun, (_, text) in NOUNS.items()])

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = dict.fromkeys(NOUNS)  # type: ignore[assignment] # names only: for Typer's did-you-mean
        self.made: dict[tuple[str, str], Any] = {}  # (noun, verb) -> its command


def _is_of_a_command(ctx: Any, words: Sequence[str]) -> bool:
    """Whether `help` is asked for the options of a command, on a screen."""
    has_form = ctx.params.get("output") or ctx.params.get("into")
    return (
        words[:1] != []
        and words[0] in NOUNS
        and not (has_form or any(word.startswith(FORMS) for word in words))
    )


def _narrow(app: typer.Typer, verb: str) -> typer.Typer:
    """The noun with this verb alone, when it has it: to make the options of the others would take
    as long as a report.
    """
    chosen = [each for each in app.registered_commands if each.name == verb]
    if not chosen or not app.registered_callback:
        return app
    narrowed = copy(app)
    narrowed.registered_commands = chosen
    return narrowed


def _take_shared(ctx: Any, **params: Any) -> None:
    """Keep the shared options given before a verb for the command that follows."""
    ctx.find_root().obj.given |= {
        option: value for option in PANEL if (value := params.get(option)) != DEFAULTS[option]
    }


def _version(asked: bool) -> None:
    if asked:
        print(f"voucher {__version__}")
        raise typer.Exit()


def _complete(param: typer.CallbackParam, asked: bool) -> None:
    if asked:
        from vouchercli.cli import completion  # asked for once in the life of a terminal

        completion.install() if param.name == "install_completion" else completion.show()
        raise typer.Exit


def _only_root(flag: str, callback: Callable[..., None], text: str, *short: str) -> Any:
    """An option of `voucher` itself, which does something else than a command."""
    return Annotated[bool, typer.Option(flag, *short, callback=callback, is_eager=True, help=text)]


OF_ROOT = {
    "version": _only_root("--version", _version, "Show the version and exit.", "-V"),
    "install_completion": _only_root(
        "--install-completion", _complete, "Complete commands by TAB in this shell from now on."
    ),
    "show_completion": _only_root(
        "--show-completion", _complete, "Show the script that --install-completion installs."
    ),
}


def _root() -> Any:
    return _in_language(language())


@lru_cache
def _in_language(_language: str) -> Any:
    """The command line in that language; whoever runs many commands (the demo) makes it once."""
    app = typer.Typer(
        cls=Nouns,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def root(ctx: typer.Context, **_: Any) -> None:
        """Consumer vouchers from draft to audit: templates, rounds, intake, money, reports. One
        SQLite file.
        """
        _take_shared(ctx, **ctx.params)

    declare(root, [*parameters(OF_ROOT | PANEL)])
    app.callback()(root)
    command = typer.main.get_command(app)
    dress(command)
    return command


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code. The only place where an exception becomes
    one.
    """
    others = os.umask(PRIVATE)  # what the program writes is for whoever runs it
    arguments = list(sys.argv[1:] if args is None else args)
    speak(choose_language(arguments))
    _write_any_character()
    call = Call(arguments=tuple(arguments), is_alone=args is None)
    try:
        if COMPLETING in os.environ:
            from vouchercli.cli import completion  # a shell asks what may come next

            return completion.answer(_root(), {"obj": call})
        code = _run_to_exit_code(call, arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader (head, less) has seen enough
        _close(sys.stdout, sys.stderr)
        return 0
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _close(sys.stdout)
        print(
            t(
                "the command is done, but the disk is full and its answer cannot be written: free"
                " some space, then ask again"
            ),
            file=sys.stderr,
        )
        return INCOMPLETE
    finally:
        os.umask(others)
        call.opened.close()
        gc.set_threshold(*USUAL_COLLECTOR)


def _close(*streams: TextIO) -> None:
    """Redirect what is still to be written to the null device, so that the interpreter does not
    fail at its end.
    """
    for stream in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run_to_exit_code(call: Call, arguments: Sequence[str]) -> int:
    """Run and show one command line; the exit code of however it ended."""
    try:
        return _show(call, _run_command(call, arguments))
    except Declined as error:
        return _decline(call, error)
    except VoucherError as error:
        return _refuse(call, error)
    except UsageError as error:  # type: ignore[misc]
        return _usage_error(call, error, arguments)
    except sqlite3.DatabaseError as error:
        from vouchercli.ops.sessions import busy_or_refused  # loaded with the session

        return _refuse(call, busy_or_refused(error, call.db_path))
    except (typer.Abort, KeyboardInterrupt):
        print(
            t("interrupted; nothing of the unfinished step was kept: run the same command again"),
            file=sys.stderr,
        )
        return INTERRUPTED


def _run_command(call: Call, arguments: Sequence[str]) -> Any:
    """The outcome of the command; the exit code when --help or --version has already printed its
    text.

    Not through the command's own main(): that one ends a process by itself when it is interrupted
    or its reader leaves.
    """
    root = _root()
    try:
        with root.make_context("voucher", list(arguments), obj=call) as context:
            return root.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    except OSError as error:
        from vouchercli.ops.sessions import refused_by_machine  # loaded with the session

        raise refused_by_machine(error, call.db_path) from error
    except UnicodeEncodeError as error:
        from vouchercli.cli import misuse  # only where a word is no text

        text = str(error.object)[error.start : error.end]
        if misuse.is_text(text):
            raise
        raise misuse.not_utf8(text, "") from error


def _write_any_character() -> None:
    """Characters that a terminal or pipe cannot show are written as escapes, so that output never
    fails in the middle of the work; so are octets that are no text, which would spoil JSON.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in STRICT:
            stream.reconfigure(errors="backslashreplace")


def run() -> None:
    """The command line of this process. A bug ends in a traceback, without the identities that its
    last line may quote.
    """
    sys.excepthook = _report_bug
    started_as(sys.argv[0])
    _open_what_is_closed()
    try:
        code = main()
    except KeyboardInterrupt:  # before the command begins, or when all is said
        code = INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the interpreter ends without a traceback
    sys.exit(code)


def _open_what_is_closed() -> None:
    """A stream that the caller has closed (`>&-`) is the null device."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _report_bug(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    import traceback  # only for a bug

    from vouchercli.identities import hide

    sys.stderr.write(hide("".join(traceback.format_exception(kind, error, trace))))


def _show(call: Call, outcome: Any) -> int:
    if not hasattr(outcome, "status"):  # --help and --version have spoken for themselves
        return outcome if isinstance(outcome, int) else 0
    from vouchercli.cli.show import show  # --version and --help show nothing

    return show(call, outcome)


def _refuse(call: Call, error: VoucherError) -> int:
    from vouchercli.cli.show import refuse  # --version and --help refuse nothing

    return refuse(call, error)


def _decline(call: Call, error: Declined) -> int:
    """An answer is no error: only a program is told of it as of a refusal."""
    if call.output == "json":
        return _refuse(call, error)
    print(t(error.text), file=sys.stderr)
    return error.exit_code


def _usage_error(call: Call, error: Any, arguments: Sequence[str]) -> int:
    from vouchercli.cli import misuse  # only for a misused command line
    from vouchercli.cli.usage_errors import fault

    call.given["output"] = _requested_output(error.ctx, arguments)
    if error.ctx and error.message == "Missing command." and call.given.get("output") != "json":
        # a noun alone, or nothing at all, asks what there is
        print(error.ctx.get_help(), file=sys.stderr)
    strange = next((word for word in arguments if not misuse.is_text(word)), None)
    return _refuse(call, fault(error) if strange is None else misuse.not_utf8(strange, ""))


def _requested_output(ctx: Any, args: Sequence[str]) -> str | None:
    """The output format requested by a command line that cannot be parsed, read as its command
    reads words: a value of another option is no option, nor is anything after `--`.
    """
    with_value = {"-o", "--output"}
    for option in ctx.command.params if ctx else ():
        with_value.update(option.opts if not getattr(option, "is_flag", False) else ())
    asked, words = None, iter(args)
    for word in words:
        if word == "--":
            break
        name, _, given = word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
        if name in with_value:
            given = given or next(words, "")
        if name in ("-o", "--output"):
            asked = given
    return asked
