"""A command looks up one round with its programme and its template, checks that the state of the
round allows the action, and changes it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from vouchercli.errors import VoucherError
from vouchercli.result import Word
from vouchercli.rules import rounds as law
from vouchercli.rules import staff, times
from vouchercli.rules import templates as templates_law
from vouchercli.store import audit, draws, over_issues, programmes, rounds, templates
from vouchercli.store.db import writing
from vouchercli.store.proposals import ROUND, Subject

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template
    from vouchercli.session import Session


@dataclass(frozen=True)
class RoundAtHand:
    """The round that a command works on: its row, and its programme and template as the rules
    know them.
    """

    session: Session
    row: sqlite3.Row
    programme: Programme
    template: Template

    @property
    def db(self) -> sqlite3.Connection:
        """The open database."""
        return self.session.db

    @property
    def now(self) -> int:
        """The moment at which the command runs (UTC seconds)."""
        return self.session.now

    @property
    def round_id(self) -> int:
        """The key of the round in the database."""
        return int(self.row["round_id"])

    @property
    def subject(self) -> Subject:
        """What is proposed on."""
        return Subject(ROUND, self.round_id)

    @property
    def code(self) -> str:
        """The round's code."""
        return str(self.row["round"])

    @property
    def zone(self) -> str:
        """The programme's time zone."""
        return str(self.row["time_zone"])

    def local_time(self, moment: str | int) -> str:
        """Write a moment for people in the programme's time zone: a column of the round
        (`opens_at`), or UTC seconds.
        """
        if isinstance(moment, str):
            return times.shown_as(moment, self.row[moment], self.zone)
        return times.shown(moment, self.zone)

    def local_end(self, at: int) -> str:
        """The same for UTC seconds that are an end: midnight is 24:00 of the day that it ends."""
        return times.shown_end(at, self.zone)

    def ends_at(self, claimed_at: int) -> int:
        """When vouchers claimed at that second end: by the template, or at the later end that was
        decided for the round.
        """
        by_template = templates_law.expires_at(self.template, claimed_at, self.zone)
        return max(by_template, self.row["vouchers_until_at"] or 0)

    @property
    def drawn(self) -> str | None:
        """Where its lots are drawn: here or by its platform; None: it is no lottery."""
        row = self.row
        return law.drawn(row["mode"], row["platform"], hands_winners=bool(row["hands_winners"]))

    @property
    def checkers(self) -> int:
        """How many different checkers must approve it."""
        amount_fen = self.row["packs"] * self.row["pack_value_fen"]
        return staff.checkers_needed(amount_fen, self.programme.approvals)

    @property
    def possible(self) -> tuple[str, ...]:
        """The actions that the round allows now, the usual next one first."""
        row = self.row
        facts = law.RoundFacts(
            is_claimed=bool(row["claimed"]),
            is_platforms=bool(row["platform"]),
            is_over=self.now >= row["closes_at"],
            is_fixed=row["mode"] == "lottery"
            and draws.published_at(self.db, self.round_id) is not None,
            is_used_up=row["claimed"] + row["released"] >= row["packs"],
            is_drawn_or_listed=row["mode"] != "fcfs",
            over_issued=self.over_issued,
        )
        return law.list_possible(row["state"], facts)

    @property
    def over_issued_by_batch(self) -> dict[int, int]:
        """The claims that its platform gave out beyond its packs and that stand as rejects: how
        many, by batch.
        """
        row = self.row
        return (
            over_issues.by_batch(self.db, row["programme_id"], self.code) if row["platform"] else {}
        )

    @property
    def over_issued(self) -> int:
        """How many of these have no pack yet."""
        spare = int(self.row["packs"] - self.row["claimed"])
        return max(sum(self.over_issued_by_batch.values()) - spare, 0)

    def note(self, action: str, **detail: Any) -> None:
        """Write one line for the action in the audit log."""
        audit.note(self.session, action, self.code, **detail)

    def become(
        self,
        state: str,
        action: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        **detail: Any,
    ) -> None:
        """Move the round to `state` and write the action in the audit log; `before` and `after`
        hold what else changes.
        """
        rounds.set_state(self.db, self.round_id, state)
        self.note(
            action,
            before={"state": self.row["state"], **(before or {})},
            after={"state": state, **(after or {})},
            **detail,
        )


def look_up(session: Session, code: str) -> RoundAtHand:
    """Look up the round with this code in the chosen programme. Raises `unknown_round`."""
    db = session.db
    programme = programmes.current(db, session.programme)
    row = rounds.named(db, programme["programme_id"], code)
    template = templates.named(db, row["template"], row["version"])
    pack = templates_law.of_round(templates.value(template), row["opens_at"])
    return RoundAtHand(session, row, programmes.value(programme), pack)


@contextmanager
def changing(session: Session, code: str) -> Iterator[RoundAtHand]:
    """Look up the round with this code in a transaction that may change it."""
    with writing(session):
        yield look_up(session, code)


def require(action: str, current: RoundAtHand) -> None:
    """Raise `wrong_state`, with what is possible instead, unless the round's state allows the
    action.
    """
    if not law.is_possible(action, current.row["state"]):
        refuse(action, current)


def refuse(action: str, current: RoundAtHand) -> NoReturn:
    """Raise `wrong_state` with what is possible instead."""
    state = current.row["state"]
    if law.ACTIONS[action].end == state != "draft":
        raise VoucherError(
            "wrong_state",
            "round {round} is already {state}",
            hint="voucher round show {round}",
            round=current.code,
            state=Word(state),
        )
    others = current.possible
    if not others:
        raise VoucherError(
            "wrong_state",
            "round {round} is {state}: nothing more can be done with it",
            hint="voucher round copy {round} NEW --opens-at TIME",
            round=current.code,
            state=Word(state),
        )
    raise VoucherError(
        "wrong_state",
        "round {round} is {state}: {deed} is not possible now (possible: {possible})",
        hint=_choose_way_on(action, state, others[0]),
        round=current.code,
        state=Word(state),
        deed=action,
        possible=", ".join(others),
        next=others[0],
    )


def _choose_way_on(action: str, state: str, usual: str) -> str:
    """Choose the hint for an action that comes too late: what waits at all where nothing waits for
    a verdict, what changes a round that runs, what goes on after one that is closed, else what is
    usual next; never to cancel, which nobody asked for.
    """
    if action in ("approve", "reject") and usual in ("open", "close"):
        return "voucher todo"
    if action == "edit" and state in ("open", "paused"):
        return (
            "voucher round top-up {round} --packs N, voucher round reschedule {round} --closes-at"
            " TIME, or for other terms: voucher round copy {round} NEW --opens-at TIME"
        )
    if state == "closed":
        return (
            "voucher round copy {round} NEW --opens-at TIME; or, if it was closed by mistake:"
            " voucher round reopen {round}"
        )
    if usual == "cancel":
        return "voucher round copy {round} NEW --opens-at TIME"
    return "voucher round {next} {round}"
