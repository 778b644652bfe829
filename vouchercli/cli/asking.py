"""Questions at a terminal: yes or no, in Chinese or English whatever the program speaks."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING

import typer

from vouchercli.cli.language import t
from vouchercli.errors import Declined

if TYPE_CHECKING:
    from vouchercli.cli.options import Call
    from vouchercli.result import Message

YES = ("y", "yes", "是")
NO = ("n", "no", "否", "")  # who only presses Enter has not agreed


def is_asked(call: Call) -> bool:
    """Whether a command asks before it acts: at a terminal, unless --yes or --dry-run is given."""
    return sys.stdin.isatty() and not (call.yes or call.dry_run)


def show_and_ask(shown: Message, question: Message) -> None:
    """Say what is about to be done, then ask. Raises as `ask`."""
    typer.echo(t(shown.text, shown.params), err=True)
    ask(question)


def ask(question: Message) -> None:
    """Ask until there is an answer. Raises `Declined` for no, `typer.Abort` where nobody answers
    any more.
    """
    text = f"{t(question.text, question.params)} {t('[y/N]')}"
    while True:
        given = typer.prompt(text, default="", show_default=False, prompt_suffix=" ", err=True)
        answer = unicodedata.normalize("NFKC", given).strip().casefold()
        if answer in YES:
            return
        if answer in NO:
            raise Declined("declined", "nothing was changed")
        typer.echo(t("answer y or n"), err=True)
