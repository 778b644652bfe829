"""The file of a city's figures that offices send each other: its digest, and what is wrong with
one. docs/figures.md describes it for those who write one by hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import audit, days, times
from vouchercli.rules.canonical import own_digest
from vouchercli.rules.leverage import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
CURRENCY = "CNY"
OTHERS = ""  # the round under which small ones stand together
SUMS = {
    "redemptions": "vouchers",
    "base_fen": "base_fen",
    "paid_fen": "paid_fen",
    "subsidy_fen": "public_fen",
    "platform_fen": "platform_fen",
    "match_fen": "match_fen",
    "floor_fen": "floor_fen",
}
COUNTS = ("packs", "claimed")
CITY = re.compile("[1-9][0-9]{5}")


class City(NamedTuple):
    """What a file says of a programme of a city: what is summed, up to when (UTC seconds), and
    the heads of its chains ('': none).
    """

    city: str
    name: str
    programme: str
    as_of: int
    rounds: int
    sums: Sums
    packs: int
    claimed: int
    log: str
    day: str
    digest: str


def figures(sums: Sums, packs: int, claimed: int) -> dict[str, int]:
    """Sums and counts as a file has them."""
    of_sums = {key: int(getattr(sums, name)) for key, name in SUMS.items()}
    return {"packs": packs, "claimed": claimed, **of_sums, "own_fen": sums.own_fen}


def malformed(document: Any) -> str:
    """The first place at which a file is not what version 1 describes; '': it is."""
    if not isinstance(document, dict):
        return "voucher_figures"
    texts = ("programme", "currency", "as_of")
    bad = [key for key in texts if not isinstance(document.get(key), str) or not document[key]]
    city = document.get("city")
    if not isinstance(city, dict) or not CITY.fullmatch(str(city.get("code", ""))):
        bad.append("city.code")
    bad += _bad_time(document.get("as_of"))
    rounds = document.get("rounds")
    if not isinstance(rounds, list) or not all(isinstance(each, dict) for each in rounds):
        return (*bad, "rounds")[0]
    bad += _bad_numbers(document.get("total"), "total")
    for number, each in enumerate(rounds):
        bad += _bad_numbers(each, f"rounds[{number}]")
        if not isinstance(each.get("round"), str):
            bad.append(f"rounds[{number}].round")
    bad += _bad_proof(document.get("proof"))
    words = document.get("definitions", {})
    if not isinstance(words, dict) or not all(isinstance(each, dict) for each in words.values()):
        bad.append("definitions")
    return bad[0] if bad else ""


def _bad_time(text: Any) -> list[str]:
    try:
        times.parse(str(text), times.HOME_ZONE, end_of_day=True)
    except (ValueError, OverflowError):
        return ["as_of"]
    return []


def _bad_numbers(part: Any, where: str) -> list[str]:
    if not isinstance(part, dict):
        return [where]
    keys = (*COUNTS, *SUMS, "own_fen")
    return [f"{where}.{key}" for key in keys if type(part.get(key)) is not int]


def _bad_proof(proof: Any) -> list[str]:
    """A file without a chain is taken; one with a chain says its heads as `audit head` does."""
    if proof is None:
        return []
    if not isinstance(proof, dict):
        return ["proof"]
    bad = []
    if proof.get("day") is not None and days.parse_head(str(proof["day"])) is None:
        bad.append("proof.day")
    try:
        if proof.get("log") is not None:
            audit.parse_head(str(proof["log"]))
    except ValueError:
        bad.append("proof.log")
    return bad


def differing(document: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    """The first figure that a file defines in other words than we do; '': there is none."""
    words = document.get("definitions", {})
    return next(
        (
            key
            for key, each in words.items()
            if key not in meanings or each.get("en", meanings[key]) != meanings[key]
        ),
        "",
    )


def not_adding_up(document: Mapping[str, Any]) -> str:
    """The first figure that is not what it must be: of a total the sum of the rounds, of `own_fen`
    what the others leave; '': all are.
    """
    parts = [document["total"], *document["rounds"]]
    for number, part in enumerate(parts):
        given = part["subsidy_fen"] + part["platform_fen"] + part["match_fen"]
        if part["own_fen"] != part["base_fen"] - given:
            return f"rounds[{number - 1}].own_fen" if number else "total.own_fen"
    for key in (*COUNTS, *SUMS):
        if document["total"][key] != sum(each[key] for each in document["rounds"]):
            return f"total.{key}"
    return ""


def read(document: Mapping[str, Any]) -> City:
    """A file that is not `malformed`."""
    total, proof, city = document["total"], document.get("proof") or {}, document["city"]
    return City(
        str(city["code"]),
        str(city.get("name", "")),
        document["programme"],
        times.parse(document["as_of"], times.HOME_ZONE, end_of_day=True),
        len(document["rounds"]),
        Sums(**{name: total[key] for key, name in SUMS.items()}),
        total["packs"],
        total["claimed"],
        str(proof.get("log") or ""),
        str(proof.get("day") or ""),
        own_digest(document),
    )
