"""Who may do what: one table of every command, and the roles that it asks for.

Where a programme lists its staff, strangers may look, not act. The clock (`schedule tick`) is a
hand of its own that needs no role: it does what people have approved and takes in what lies in the
inbox.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

CLOCK = "clock"
INBOX = "inbox"  # a file that lies there is taken in as `inbox/FOLDER`
ANYBODY: tuple[str, ...] = ()
MAKERS = ("maker", "checker")
CHECKERS = ("checker",)
TREASURERS = ("maker", "checker", "finance")
FINANCE = ("finance",)
AUDITORS = ("auditor",)
WITNESSES = ("checker", "finance", "auditor")


class Door(NamedTuple):
    """Commands that ask for the same: one of the `roles` (none: anybody may). `takes_login`: where
    logins are shared, the login itself may do it without a name: files come from scripts.
    `by_clock`: those of them that the clock does when their time has come.
    """

    what: str
    roles: tuple[str, ...]
    commands: tuple[str, ...]
    takes_login: bool = False
    by_clock: tuple[str, ...] = ()


DOORS = (
    Door(
        "look",
        ANYBODY,
        (
            "application blank",
            "application list",
            "audit head",
            "audit log",
            "audit package",
            "audit samples",
            "audit verify",
            "batch list",
            "batch rejects",
            "batch show",
            "case list",
            "case show",
            "check",
            "claim blank",
            "claim list",
            "correction list",
            "correction show",
            "day list",
            "day show",
            "day verify",
            "doctor",
            "draw show",
            "draw verify",
            "effect estimate",
            "effect report",
            "effect survey-size",
            "eligibility blank",
            "eligibility list",
            "export datasette",
            "export package",
            "fund show",
            "help",
            "key show",
            "lake check",
            "lake export",
            "lake list",
            "law show",
            "ledger accounts",
            "ledger export",
            "ledger show",
            "merchant blank",
            "merchant list",
            "merchant show",
            "profile export",
            "profile guess",
            "profile list",
            "profile show",
            "profile try",
            "programme export",
            "programme list",
            "programme new",
            "programme show",
            "reconcile breaks",
            "reconcile report",
            "reconcile show",
            "redemption blank",
            "redemption check",
            "redemption list",
            "report leverage",
            "report rounds",
            "report bulletin",
            "report explain",
            "report fairness",
            "report forecasts",
            "report compare",
            "report nation",
            "report funds",
            "report operations",
            "report settlement",
            "report brief",
            "report orders",
            "report timeline",
            "report rejects",
            "report merchants",
            "report districts",
            "report industries",
            "report site",
            "report list",
            "report series",
            "risk list",
            "risk show",
            "round list",
            "round plan",
            "round show",
            "schedule print",
            "schedule show",
            "schedule status",
            "series blank",
            "effect blank",
            "series list",
            "settlement debts",
            "settlement answers",
            "settlement holds",
            "settlement list",
            "settlement show",
            "settlement statement",
            "settlement unpaid",
            "template check",
            "template diff",
            "template export",
            "template history",
            "template list",
            "template show",
            "todo",
        ),
    ),
    Door(
        "the file and its clock",
        ANYBODY,
        (
            "backup",
            "demo",
            "init",
            "restore",
            "schedule install",
            "schedule remove",
            "schedule tick",
        ),
    ),
    Door(
        "daily work",
        MAKERS,
        (
            "application import",
            "batch resume",
            "batch retry",
            "batch undo",
            "claim grant",
            "claim import",
            "draw commit",
            "draw entrants",
            "draw run",
            "effect import",
            "effect plan",
            "eligibility import",
            "eligibility remove",
            "merchant import",
            "programme use",
            "redemption import",
            "risk scan",
            "round allocate",
            "round draw",
            "series import",
            "template add",
        ),
        takes_login=True,
        by_clock=(
            "application import",
            "claim import",
            "draw commit",
            "draw entrants",
            "draw run",
            "eligibility import",
            "merchant import",
            "redemption import",
            "round allocate",
            "series import",
        ),
    ),
    Door(
        "decide",
        MAKERS,
        (
            "claim correct",
            "correction reject",
            "eligibility reject",
            "merchant reinstate",
            "merchant reject",
            "merchant suspend",
            "programme load",
            "programme reject",
            "redemption correct",
            "round cancel",
            "round close",
            "round copy",
            "round create",
            "round edit",
            "round extend",
            "round lower",
            "round open",
            "round order",
            "round pause",
            "round reduce",
            "round rehearse",
            "round reject",
            "round reopen",
            "round replace",
            "round reschedule",
            "round resume",
            "round submit",
            "round top-up",
        ),
        by_clock=("round close", "round open", "round order"),
    ),
    Door(
        "funds and days",
        TREASURERS,
        (
            "day close",
            "fund appropriate",
            "fund return",
            "fund transfer",
            "programme close",
            "reconcile assign",
            "reconcile reject",
            "reconcile resolve",
            "reconcile run",
            "round settle",
            "settlement hold",
            "settlement notice",
            "settlement reject",
            "settlement release",
            "settlement run",
            "settlement verify",
            "settlement write-off",
        ),
        by_clock=("day close", "settlement run"),
    ),
    Door(
        "look into",
        TREASURERS,
        (
            "case add",
            "case close",
            "case decide",
            "case export",
            "case note",
            "case open",
            "case reject",
            "case visit",
        ),
    ),
    Door("sign", FINANCE, ("day sign",)),
    Door("pay", FINANCE, ("settlement export", "settlement paid", "settlement repaid")),
    Door(
        "approve",
        CHECKERS,
        (
            "case approve",
            "correction approve",
            "eligibility approve",
            "merchant approve",
            "programme approve",
            "reconcile approve",
            "round approve",
            "settlement approve",
        ),
    ),
    Door("keys", CHECKERS, ("key rotate",)),
    Door("witness", WITNESSES, ("audit witness",)),
    Door("draw samples", AUDITORS, ("audit sample", "risk sample")),
)
DOOR = {command: door for door in DOORS for command in door.commands}
STATEMENTS_OF_ALL = DOOR["settlement run"]  # one may be looked at by anybody

# What belongs to no programme alone: the staff of any of them may do it.
OF_ALL = (
    "audit witness",
    "key rotate",
    "merchant approve",
    "merchant import",
    "merchant reinstate",
    "merchant reject",
    "merchant suspend",
    "programme use",
    "series import",
    "template add",
)


# What may be done when a programme is closed: it writes none of its facts, and moves no money. What
# belongs to all programmes is not asked.
AFTER_THE_END = (
    *OF_ALL,
    "effect import",
    "day close",
    "day sign",
)


def folded(name: str) -> str:
    """A name without what makes no second person: width, case, outer blanks."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def is_reserved(name: str) -> bool:
    """Whether a name is that of a hand of the tick."""
    return folded(name) == CLOCK or folded(name).startswith(f"{INBOX}/")
