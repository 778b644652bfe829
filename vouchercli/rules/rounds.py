"""The law of a round: its states and actions, what it promises, how it may be named and dated. Four
eyes: rules.staff.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import money, times
from vouchercli.rules.scope import WEEKDAY_NAMES

if TYPE_CHECKING:
    from vouchercli.rules.templates import Template

STATES = (
    "draft",
    "submitted",
    "approved",
    "open",
    "paused",
    "closed",
    "settled",
    "archived",
    "cancelled",
)
MODES = ("fcfs", "lottery", "targeted")
DRAWN = ("here", "platform")
ENDED = ("settled", "archived")  # takes nothing more
BEFORE_APPROVAL = ("draft", "submitted")
BEFORE_OPENING = (*BEFORE_APPROVAL, "approved")


def drawn(mode: str, platform: str, *, hands_winners: bool) -> str | None:
    """Where the lots of a round are drawn: here, or by the platform that issues it; None: it has
    none.
    """
    if mode != "lottery":
        return None
    return "platform" if platform and not hands_winners else "here"


class Action(NamedTuple):
    """From which states an action is possible, and the state it leads to (None: it stays)."""

    starts: tuple[str, ...]
    end: str | None


# The usual next action of a state stands first. A settled round that is reopened is closed again,
# so that it takes late files.
ACTIONS = {
    "submit": Action(("draft",), "submitted"),
    "approve": Action(("submitted",), "approved"),
    "reject": Action(("submitted",), "draft"),
    "open": Action(("approved",), "open"),
    "resume": Action(("paused",), "open"),
    "close": Action(("open", "paused"), "closed"),
    "settle": Action(("closed",), "settled"),
    "edit": Action(BEFORE_OPENING, "draft"),
    "cancel": Action((*BEFORE_OPENING, "open", "paused", "closed"), "cancelled"),
    "pause": Action(("open",), "paused"),
    "top-up": Action(("approved", "open", "paused", "closed"), None),
    "reduce": Action(("open", "paused"), None),
    "reschedule": Action(("approved", "open", "paused"), None),
    "order": Action(("approved", "open"), None),
    "reopen": Action(("closed", "settled"), "open"),
    "extend": Action(("open", "paused", "closed"), None),
    "replace": Action(("open", "paused"), "closed"),
}


@dataclass(frozen=True)
class RoundFacts:
    """What, beside its state, decides which actions a round allows. `is_over`: its closing has
    passed; `is_fixed`: its list of entrants is published or it is drawn, so that its packs stand;
    `is_used_up`: no pack is left to take back; `is_drawn_or_listed`: it is not first come, first
    served; `over_issued`: how many claims its platform gave out beyond its packs, which stand as
    rejects and have no pack yet.
    """

    is_claimed: bool = False
    is_platforms: bool = False
    is_over: bool = False
    is_fixed: bool = False
    is_used_up: bool = False
    is_drawn_or_listed: bool = False
    over_issued: int = 0


def list_possible(state: str, round_: RoundFacts | None = None) -> tuple[str, ...]:
    """The actions that `state` allows, the usual next one first; of a round that is known, only
    those that would not be refused for what it is.
    """
    possible = tuple(name for name, action in ACTIONS.items() if state in action.starts)
    if round_ is None:
        return possible
    refused = {
        "cancel": round_.is_claimed,
        "order": not round_.is_platforms or round_.is_over,
        "top-up": round_.is_fixed or (state == "closed" and not round_.over_issued),
        "reduce": round_.is_fixed or round_.is_used_up,
        "replace": round_.is_drawn_or_listed or round_.is_over or round_.is_used_up,
    }
    return tuple(name for name in possible if not refused.get(name))


def is_possible(action: str, state: str) -> bool:
    """Whether `state` allows `action`."""
    return state in ACTIONS[action].starts


# ---------------------------------------------------------------- money


def liability(packs: int, template: Template) -> tuple[tuple[str, int], ...]:
    """The most that `packs` can cost each funder, in fen: every voucher redeemed at its face, each
    face split by itself.

    A percentage counts at its cap. The parts add up to packs x pack value; the match is not among
    them.
    """
    shares = tuple(share.bp for share in template.funding)
    faces = [money.split(coupon.denomination_fen, shares) for coupon in template.coupons]
    return tuple(
        (share.funder, packs * sum(face[position] for face in faces))
        for position, share in enumerate(template.funding)
    )


# ---------------------------------------------------------------- names and dates

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
FOREIGN = re.compile(r"[^A-Za-z0-9._-]+")


def is_code(text: str) -> bool:
    """Whether `text` may name a round: ASCII letters, digits, `.`, `_`, `-`; the first a letter or
    digit; 40 at most.

    The code stands in file names, in platforms' files and in commands, so it must survive all of
    them.
    """
    return CODE.fullmatch(text) is not None


def suggested_code(text: str) -> str:
    """The nearest lawful code: ` HZ 1 ` -> `HZ-1`, `第２期` -> `2`; `round-1` when nothing is left
    of it.
    """
    return FOREIGN.sub("-", unicodedata.normalize("NFKC", text)).strip("-._")[:40] or "round-1"


def overlaps(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two half-open spans [opens_at, closes_at) share a moment."""
    return one[0] < other[1] and other[0] < one[1]


def weekday(day: int) -> str:
    """The English name of a local date's weekday (yyyymmdd)."""
    return WEEKDAY_NAMES[times.as_date(day).weekday()]
