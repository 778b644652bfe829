"""One round at hand: as it is kept, with its programme and template as the rules know them, and
what may be done with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.result import Word
from vouchercli.rules import rounds as law
from vouchercli.rules import staff
from vouchercli.store import programmes, rounds, templates

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template
    from vouchercli.session import Session


@dataclass(frozen=True)
class Found:
    """A round as it is kept, with its programme and template as the rules know them."""

    row: sqlite3.Row
    programme: Programme
    template: Template

    @property
    def quota_fen(self) -> int:
        """packs x pack value: the most that all funders together can have to pay."""
        return int(self.row["packs"] * self.row["pack_value_fen"])

    @property
    def checkers(self) -> int:
        """How many different checkers must approve it."""
        return self.checkers_for(self.row["packs"])

    def checkers_for(self, packs: int) -> int:
        """How many different checkers must approve it with that many packs."""
        return staff.checkers_needed(packs * self.row["pack_value_fen"], self.programme.approvals)


def found(session: Session, code: str) -> Found:
    """The round of that code in the chosen programme. Raises `unknown_round`."""
    db = session.db
    programme = programmes.current(db, session.programme)
    row = rounds.named(db, programme["programme_id"], code)
    template = templates.named(db, row["template"], row["version"])
    return Found(row, programmes.value(programme), templates.value(template))


def require(deed: str, row: sqlite3.Row) -> None:
    """Raise `wrong_state`, with what is possible instead, unless the round's state allows the
    deed.
    """
    state = row["state"]
    if law.is_possible(deed, state):
        return
    if law.ACTIONS[deed].end == state != "draft":
        raise VoucherError(
            "wrong_state",
            "round {round} is already {state}",
            hint="voucher round show {round}",
            round=row["round"],
            state=Word(state),
        )
    others = law.list_possible(state)
    if not others:
        raise VoucherError(
            "wrong_state",
            "round {round} is {state}: nothing more can be done with it",
            hint="voucher round copy {round} NEW --opens-at TIME",
            round=row["round"],
            state=Word(state),
        )
    raise VoucherError(
        "wrong_state",
        "round {round} is {state}: {deed} is not possible now (possible: {possible})",
        hint="voucher round {next} {round}",
        round=row["round"],
        state=Word(state),
        deed=deed,
        possible=", ".join(others),
        next=others[0],
    )
