"""The lake: what a city gives to its province, table by table, and the list of its files.

A lake is append-only: files that are written never change, a manifest says which of them count.
Every row carries its city and programme. No row is a resident, a claim or a payment; no column has
an identity, a token or a name of a merchant.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import canonical, days
from vouchercli.rules.canonical import own_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.rules.programmes import Programme

VERSION = 2  # 1: one limit of counts for all days, at first no terms
MANIFEST = "manifest.json"
SUMS = (
    "vouchers",
    "base_fen",
    "subsidy_fen",
    "public_fen",
    "platform_fen",
    "match_fen",
    "floor_fen",
    "face_fen",
    "stays_fen",
)
ACCOUNTS = (
    "appropriated_fen",
    "uncommitted_fen",
    "committed_fen",
    "outstanding_fen",
    "redeemed_fen",
    "returned_fen",
)
TEXT, INT, MAYBE, SUM = "text", "int", "maybe", "sum"  # MAYBE: it may be missing; SUM: it is added
CITY = {"city": TEXT, "programme": TEXT}


def _sums(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, SUM)


# table -> its columns, in order, and what each is. Days are yyyymmdd, moments UTC seconds, amounts
# fen. `payments` and `claims` are what was booked on a day, signed; the others are as of a day.
TABLES: dict[str, dict[str, str]] = {
    "days": {
        **CITY,
        **dict.fromkeys(("day", "last_claim_id", "last_redemption_id"), INT),
        **_sums("claims", "payments", "refunds", "reversals", "base_fen", "subsidy_fen"),
        **_sums("postings", "posted_fen"),
        **dict.fromkeys(("facts_sha256", "previous_sha256", "sha256"), TEXT),
    },
    "payments": {
        **CITY,
        **dict.fromkeys(("booked_on", "day"), INT),
        **dict.fromkeys(("round", "coupon", "channel", "district", "industry", "size"), TEXT),
        **dict.fromkeys(("brand", "designated_size", "merchant_no"), TEXT),
        "split": INT,
        **_sums("facts", "reversed", *SUMS),
    },
    "claims": {
        **CITY,
        **dict.fromkeys(("booked_on", "day"), INT),
        "round": TEXT,
        **_sums("claims", "reversed"),
    },
    "splits": {**CITY, "split": INT, "funder": TEXT, "kind": TEXT, "amount_fen": INT},
    "rounds": {
        **CITY,
        "as_of": INT,
        "position": INT,
        **dict.fromkeys(("round", "family", "template", "platform", "mode", "state"), TEXT),
        **dict.fromkeys(("per_resident", "opens_at", "coupons", "pack_value_fen"), INT),
        **_sums("packs", "claimed", "outstanding_fen"),
        **dict.fromkeys(("sold_out_at", "users", "claimers"), MAYBE),
        **_sums(*SUMS),
    },
    "funds": {
        **CITY,
        "as_of": INT,
        "position": INT,
        **dict.fromkeys(("funder", "kind"), TEXT),
        "is_watched": INT,
        "round": TEXT,
        **_sums(*ACCOUNTS),
    },
    "merchants": {
        **CITY,
        "as_of": INT,
        **dict.fromkeys(("merchant_no", "size", "district", "industry"), TEXT),
        "is_registered": SUM,
    },
    "residents": {
        **CITY,
        "as_of": INT,
        **dict.fromkeys(("cut", "round", "key"), TEXT),  # cut: group, district, lottery, often
        **dict.fromkeys(("eligible", "claimers", "packs", "subsidy_fen"), MAYBE),
    },
}
SNAPSHOTS = ("rounds", "funds", "merchants", "residents")  # as of the head of an export
BOOKED = ("days", "payments", "claims")  # cut into months by the day on which it was booked


class File(NamedTuple):
    """A file of a lake: its path in the folder of its city and programme, its month (yyyymm), the
    days (yyyymmdd) that it holds, and what proves it.
    """

    path: str
    table: str
    month: int
    first: int
    last: int
    rows: int
    sums: dict[str, int]
    bytes: int
    sha256: str


class Manifest(NamedTuple):
    """What a city gives of a programme: the files that count, from which day on (yyyymmdd), up to
    which sealed day, and the days of which it has rounds, funds, merchants and residents.
    """

    city: str
    name: str
    programme: str
    title: dict[str, str]
    currency: str
    zone: str
    since: int  # 0: from the first day
    first_day: int
    day: int
    seal: str
    exported_at: int
    as_of: tuple[int, ...]
    least: tuple[int, ...]  # of each of these days: fewer residents than these are not counted
    percentages: tuple[str, ...]
    funders: tuple[str, ...]  # the public ones, in order
    is_rehearsal: bool
    terms: dict[str, str]  # of its law, what cities may have otherwise; empty: not known
    files: tuple[File, ...]
    tables: dict[str, dict[str, str]]

    @property
    def head(self) -> str:
        """The head of its sealed days, as `audit head` has it."""
        return days.head(self.day, self.seal)

    def of(self, table: str) -> list[File]:
        """The files of a table."""
        return [each for each in self.files if each.table == table]


def terms(programme: Programme) -> dict[str, str]:
    """What the law of a programme is where those of other cities may be another one: limits,
    refunds, what becomes of unused money. A limit that is not set is not named.
    """
    limits = asdict(programme.limits)
    limits.pop("from_at")  # since when, not what
    return {
        **{name: canonical.text(value) for name, value in limits.items() if value},
        "refunds": canonical.text(programme.refunds.document),
        "unused": programme.unused,
    }


def folder(city: str, programme: str) -> tuple[str, str]:
    """Where the files of a programme lie in a lake."""
    return city, programme


def summed(table: str) -> tuple[str, ...]:
    """The columns of a table that are added up."""
    return tuple(name for name, kind in TABLES[table].items() if kind == SUM)


def written(manifest: Manifest) -> dict[str, Any]:
    """The manifest as its file has it."""
    document = {"voucher_lake": VERSION, **manifest._asdict()}
    document["files"] = [each._asdict() for each in manifest.files]
    return document | {"sha256": own_digest(document)}


def chain(rows: Sequence[Mapping[str, Any]], programme: str, head: str) -> int | None:
    """The first sealed day (yyyymmdd) whose seal is not what its sums and the day before make it,
    or that does not follow on it; None: all hold, up to the head.
    """
    previous = None
    for row in rows:
        sums = days.Sums(*(row[name] for name in days.Sums._fields))
        last_ids = (row["last_claim_id"], row["last_redemption_id"])
        seal = days.seal(row["previous_sha256"], programme, row["day"], last_ids, sums)
        if seal != row["sha256"] or previous not in (None, row["previous_sha256"]):
            return int(row["day"])
        previous = row["sha256"]
    last = rows[-1]["day"] if rows else 0
    return None if rows and days.head(last, str(previous)) == head else int(last)


def not_as_sealed(
    day: Mapping[str, int], payments: Mapping[str, int], claims: Mapping[str, int]
) -> str:
    """The first sum of what was booked on a day that is not what its seal says; '': all are."""
    found = {
        "claims": claims["claims"],
        "payments + refunds": payments["facts"],
        "reversals": payments["reversed"] + claims["reversed"],
        "base_fen": payments["base_fen"],
        "subsidy_fen": payments["subsidy_fen"],
    }
    said = {**day, "payments + refunds": day["payments"] + day["refunds"]}
    return next((key for key, value in found.items() if value != said[key]), "")
