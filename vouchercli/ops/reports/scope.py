"""What a report is about: the programme, the rounds, the span of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.result import say
from vouchercli.rules import leverage as law
from vouchercli.rules import times
from vouchercli.rules.leverage import Claimed
from vouchercli.store import programmes
from vouchercli.store import reports as store
from vouchercli.store import rounds as kept_rounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.reports import Round, Row


class Scope(NamedTuple):
    """What a report is about: the programme, its rounds by id (all, or those asked for), and the
    span of time; `now` is when it is asked.
    """

    programme: Row
    rounds: dict[int, Round]
    since: int | None
    as_of: int | None
    is_all: bool
    now: int

    @property
    def zone(self) -> str:
        """The programme's time zone."""
        return str(self.programme["time_zone"])

    @property
    def window(self) -> law.Window:
        """The report's span of time."""
        return law.window(self.since, self.as_of, self.zone)

    @property
    def months(self) -> law.Months:
        """The same in months."""
        return law.months(self.since, self.as_of, self.zone)

    @property
    def window_of_claims(self) -> law.Window:
        """Everything up to `as_of`: a rate's base is all that had been claimed."""
        return law.window(None, self.as_of, self.zone)

    @property
    def code(self) -> str:
        """The programme's code."""
        return str(self.programme["programme"])

    def about(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "as_of": None if self.as_of is None else times.iso(self.as_of, self.zone),
            "known_at": times.iso(self.now, self.zone) if self.as_of is None else None,
            "programme": self.code,
        }

    def codes(self) -> list[str]:
        """The codes of its rounds."""
        return [row.round for row in self.rounds.values()]


def scope_of(session: Session, only: Sequence[str], since: int | None, as_of: int | None) -> Scope:
    """The scope of a report; `only` are codes of rounds (none: all).

    Raises `unknown_round`, and `UsageFault` when nothing can lie between `since` and `as_of`.
    """
    programme = programmes.current(session.db, session.programme)
    programme_id = programme["programme_id"]
    if since is not None and as_of is not None and since > as_of:
        raise UsageFault(
            "empty_window",
            "--since is later than --as-of",
            hint="swap the two times",
        )
    round_ids = {kept_rounds.named(session.db, programme_id, code)["round_id"] for code in only}
    every = store.rounds_of(session.db, programme_id)
    return Scope(
        programme,
        {row.round_id: row for row in every if not only or row.round_id in round_ids},
        since,
        as_of,
        not only,
        session.now,
    )


def face_of(row: Round, packs: int) -> Claimed:
    """What `packs` claimed packs of a round hold."""
    return Claimed(packs, packs * row.coupons, packs * row.pack_value_fen)


def note_later(session: Session, scope: Scope) -> tuple[Message, ...]:
    """Say that payments count which are later than a stand-in clock, where there are any."""
    last = store.last_day(session.db) if session.stand_in and scope.as_of is None else 0
    if last <= times.day_of(session.now, scope.zone):
        return ()
    return (
        say(
            "all that is in the file counts, up to {last}; to look back: --as-of {now}",
            last=times.day_text(last),
            now=f'"{times.shown(session.now, scope.zone)}"',
        ),
    )
