"""Completion by the TAB key: the script a shell loads, and the answers it asks for. Typer does the
work; the words are ours. Loaded only when it is asked for.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from typer import completion
from typer._completion_classes import completion_init
from typer._completion_shared import _get_shell_name, get_completion_script
from typer._completion_shared import install as install_script

from vouchercli.cli import COMPLETING
from vouchercli.cli.language import t
from vouchercli.errors import VoucherError
from vouchercli.result import because

if TYPE_CHECKING:
    from collections.abc import MutableMapping

PROGRAM = "voucher"
SHELLS = ("bash", "zsh", "fish")


def answer(root: Any, settings: MutableMapping[str, Any]) -> int:
    """Print what may come next on the command line that the shell describes; the exit code."""
    completion_init()
    return completion.shell_complete(root, settings, PROGRAM, COMPLETING, os.environ[COMPLETING])


def show() -> None:
    """Print the script that the current shell loads. Raises `unknown_shell`."""
    script = get_completion_script(prog_name=PROGRAM, complete_var=COMPLETING, shell=_shell())
    print(script)


def install() -> None:
    """Put the script where the current shell looks for it. Raises `unknown_shell`,
    `no_permission`.
    """
    shell = _shell()
    try:
        _, path = install_script(shell, PROGRAM, COMPLETING)
    except OSError as error:
        raise VoucherError(
            "no_permission",
            "{path} cannot be written: {why}",
            hint="check who owns the file and its folder",
            path=error.filename,
            why=because(error),
        ) from error
    said = t(
        "completion for {shell} is installed in {path}; open a new terminal to use it",
        {"shell": shell, "path": path},
    )
    print(said, file=sys.stderr)


def _shell() -> str:
    """The shell that runs this command."""
    shell = _get_shell_name()
    if shell not in SHELLS:
        raise VoucherError(
            "unknown_shell",
            "this command was not started by bash, zsh or fish",
            hint="run it in one of these shells",
        )
    return shell
