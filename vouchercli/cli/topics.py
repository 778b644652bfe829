"""voucher help"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.language import language
from vouchercli.cli.options import command
from vouchercli.ops.setup.topics import look_up
from vouchercli.result import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

Words = Annotated[
    Optional[list[str]],
    typer.Argument(
        metavar="[TOPIC]...",
        help="A code, a term, a command or any word, in Chinese or English; without one: what"
        " there is.",
    ),
]


@command(
    app,
    "help",
    epilog="Examples: voucher help; voucher help over_quota; voucher help import file; voucher help"
    " round create",
    is_list=True,
)
def find(*, limit: int | None, topic: Words = None) -> Outcome:
    """Find a topic, a code or a word; or a command: voucher help round create."""
    return look_up(topic or [], language(), limit)
