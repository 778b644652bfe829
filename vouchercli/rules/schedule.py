"""What the clock has to do: which deeds of a round are still to come, when each is due, and in what
order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A tick goes through these in order; between opening and drawing it takes in what landed in the
# inbox, because applications that came before the draw belong to it. Closing stands last, so that a
# tick after a long pause still draws, allocates and orders.
BEFORE_INTAKE = ("commit", "open")
AFTER_INTAKE = ("draw", "allocate", "order", "close")
STATES = {  # in which states of its round a deed can be done
    "commit": ("approved",),
    "open": ("approved",),
    "draw": ("open",),
    "allocate": ("open",),
    "order": ("approved", "open"),
    "close": ("open", "paused"),
}
NOTICE_SECONDS = 86_400  # how long before an opening a missing approval is called for
WAITING = ("draft", "submitted")


@dataclass(frozen=True)
class Scheduled:
    """What the clock looks at of one round. Times in UTC seconds.

    `approved_at` None: not approved. `seed_committed`, `drawn`: the lottery's own steps, done by
    whom ever. `to_allocate`: what there is to allocate, in a word that changes when more comes (''
    for nothing). `is_ordered`: the platform has an order for just these terms; `was_ordered`: for
    these or others; `lead`: how many seconds before the opening it wants the first; `amended_at`:
    when packs or times last changed by an amendment. `waits_for_text`: the draw was announced with
    a public text, which a person must bring. `amendment`: (its number, since when) of one that
    waits for approval.
    """

    round_id: int
    programme: str
    round: str
    zone: str
    state: str
    mode: str
    platform: str
    revision: int
    opens_at: int
    closes_at: int
    approved_at: int | None = None
    registration_closes_at: int | None = None
    seed_committed: bool = False
    drawn: bool = False
    waits_for_text: bool = False
    amendment: tuple[int, int] | None = None
    to_allocate: str = ""
    is_ordered: bool = False
    was_ordered: bool = False
    lead: int = 0
    amended_at: int = 0

    @property
    def order_at(self) -> int:
        """When the platform's next order is due: the first a lead before the opening, never before
        the approval; one that replaces another as soon as the new terms stand.
        """
        stand_since = max(self.approved_at or 0, self.amended_at)
        return (
            stand_since
            if self.was_ordered and stand_since
            else max(self.opens_at - self.lead, stand_since)
        )

    @property
    def is_local(self) -> bool:
        """Whether it is issued here, not by a platform."""
        return not self.platform


@dataclass(frozen=True)
class Due:
    """One deed of one round: when it is due (UTC seconds); `key` tells apart deeds of one kind."""

    deed: str
    round: Scheduled
    due_at: int
    key: str = ""


def coming(it: Scheduled) -> Iterator[Due]:
    """Every deed that is still ahead of a round, in the order of their doing."""
    is_before = it.state in (*WAITING, "approved")
    if not is_before and it.state not in ("open", "paused"):
        return
    is_lottery = it.mode == "lottery" and it.is_local
    if is_lottery and is_before and not it.seed_committed:
        yield Due(
            "commit",
            it,
            it.opens_at if it.approved_at is None else min(it.approved_at, it.opens_at),
        )
    if is_before:
        yield Due("open", it, it.opens_at)
    if is_lottery and not it.drawn and not it.waits_for_text:
        yield Due("draw", it, max(it.opens_at, it.registration_closes_at or 0))
    if it.is_local and not is_lottery and it.to_allocate:
        yield Due("allocate", it, it.opens_at, it.to_allocate)
    if it.platform and not it.is_ordered:
        yield Due("order", it, it.order_at)
    yield Due("close", it, it.closes_at)


def due(deed: str, rounds: Iterable[Scheduled], now: int) -> list[Due]:
    """Who is due for `deed` at `now`, the longest due first."""
    found = [
        each
        for it in rounds
        if it.state in STATES[deed]
        for each in coming(it)
        if each.deed == deed and each.due_at <= now
    ]
    return sorted(found, key=lambda each: (each.due_at, each.round.round_id))


def reminders(rounds: Iterable[Scheduled], now: int) -> list[Due]:
    """Rounds that should open within a day, or should be open, and still wait for their approval:
    called for once before and once after the opening, for every revision and state; lotteries that
    wait for their public text; amendments.
    """
    found = []
    for it in rounds:
        if it.amendment is not None:
            found.append(
                Due("remind", it, min(it.amendment[1], now), f"amendment {it.amendment[0]}")
            )
        draw_at = max(it.opens_at, it.registration_closes_at or 0)
        if it.waits_for_text and not it.drawn and it.state == "open" and draw_at <= now:
            found.append(Due("remind", it, draw_at, "public text"))
        if it.state in WAITING and it.opens_at - NOTICE_SECONDS <= now < it.closes_at:
            when, due_at = (
                ("late", it.opens_at)
                if now >= it.opens_at
                else ("soon", it.opens_at - NOTICE_SECONDS)
            )
            found.append(Due("remind", it, due_at, f"{it.state} {it.revision} {when}"))
    return sorted(found, key=lambda each: (each.due_at, each.round.round_id))
