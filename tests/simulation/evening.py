"""The end of a day: rejects are judged again until nothing moves, every invariant is checked, and
what stands, counts and figures are those of the model.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import city_figures
import city_model
import corrections
import effects
import ledgers
import listed
import seals
from listed import claim_key, key, redemption_key

if TYPE_CHECKING:
    from city_model import Books
    from life import Life
    from small_city import File

ROUNDS = 8  # of judging again, at most
Facts = set[tuple[str, ...]]


def close(life: Life) -> None:
    books, found = _settle(life)
    life.do("check", *life.chance.choice(((), (), (), ("--all",), ("--law",))))
    life.do("audit", "verify")
    for what, ours, theirs in (
        ("batches", expected_batches(life, books), found.batches),
        ("claims", expected_claims(books), found.claims),
        ("payments and refunds", expected_payments(books), found.payments),
        *_figures(life, books),
        *ledgers.pairs(life, books),
    ):
        life.agree(what, ours, theirs)
    _agree_on_displaced(life, books)
    seals.verify(life)
    seals.agree_on_what_was_known(life)
    corrections.agree_on_reversals(life)
    _keep_places(life, books)
    effects.measure(life, books)


def _agree_on_displaced(life: Life, books: Books) -> None:
    """Rejects that a sealed row keeps out are named so; a reason that is older than its seal is
    found again by a retry.
    """
    ours: dict[int, set[city_model.Row]] = {}
    for file in life.city.files:
        rows = {row for row in in_play(life, file) if books.why.get(row) == "displaces_sealed"}
        if rows and file.batch is not None:
            ours[file.batch] = rows
    theirs = _displaced(life, books)
    for batch in ours.keys() | theirs.keys():
        if ours.get(batch) != theirs.get(batch):
            life.do("batch", "retry", str(batch), "--yes", codes=(0, 4))
    life.agree("rows that a sealed one keeps out", ours, _displaced(life, books))
    life.count("rows kept out", sum(map(len, ours.values())))


def _displaced(life: Life, books: Books) -> dict[int, set[city_model.Row]]:
    """Without claims that a limit or the quota refuses as well."""
    words = ("batch", "rejects", "--all-batches", "-o", "json", "--limit", "0")
    files = {file.batch: file for file in life.city.files}
    found: dict[int, set[city_model.Row]] = {}
    for each in life.do(*words).data["rejects"]:
        if each["reason"] == "displaces_sealed":
            file = files[each["batch"]]
            row = file.rows[each["line"] - file.first_line]
            if books.why.get(row) not in ("claim_reused", "over_quota"):
                found.setdefault(each["batch"], set()).add(row)
    return found


def _keep_places(life: Life, books: Books) -> None:
    """What stood under a limit last evening gave way to no row that came later."""
    gone = [row for row in life.stood if books.why.get(row) == "limit"]
    life.agree("what gave way to a limit", [], gone)
    life.stood = books.facts


def model(life: Life, facts: Facts) -> Books:
    """What must stand of the files that are in, given what stands under a limit."""
    rows: dict[str, list[city_model.Row]] = {"claim": [], "redemption": []}
    files = [file for file in life.city.files if file.batch is not None]
    for file in files:
        rows[file.kind] += in_play(life, file)
    stands = {row for kind in rows.values() for row in kind if key(row) in facts}
    sealed = life.seals.of_rows({*rows["claim"], *rows["redemption"]})
    return city_model.judge(
        life.city.rules, rows["claim"], rows["redemption"], life.city.now, stands, sealed
    )


def in_play(life: Life, file: File) -> list[city_model.Row]:
    """The rows that a file may bring: not what was reversed, unless a correction enters it."""
    mine = life.corrections
    of_batch = {each.row for each in mine.gone if each.batch == file.batch}
    gone = of_batch if file.correction else mine.out
    return [row for row in file.rows if row not in gone]


class Listed(NamedTuple):
    """What the program lists in the evening."""

    claims: dict[tuple[str, ...], int]
    payments: list[tuple[str, ...]]
    batches: dict[int, Any]


def settle(life: Life) -> Books | None:
    """What stands, when all that could be judged again was; None where something waits for a tick."""
    books, found = _settle(life)
    is_settled = found.batches == expected_batches(life, books) and (
        {*found.claims, *found.payments} == {key(row) for row in books.facts}
    )
    return books if is_settled else None


def _settle(life: Life) -> tuple[Books, Listed]:
    """Judge rejects again, claims first, while a file has a row that should stand and does not, or
    more or fewer rejects than it should have.
    """
    for _ in range(ROUNDS):
        held, paid = claims(life), payments(life)
        facts = {*held, *paid}
        books = model(life, facts)
        expected = expected_batches(life, books)
        found = batches(life, expected)
        wrong = [
            file.batch
            for file in life.city.files
            if file.batch is not None
            and (
                found.get(file.batch) != expected[file.batch]
                or any(key(row) not in facts for row in in_play(life, file) if row in books.facts)
            )
        ]
        if not wrong:
            break
        for batch in wrong:
            life.do("batch", "retry", str(batch), "--yes", codes=(0, 4), trouble=life.trouble())
    return books, Listed(held, paid, found)


def rounds_and_facts(life: Life) -> Any:
    """Rounds with their states, claims and payments, as the program lists them."""
    return life.do("round", "list", "-o", "json").data, standing(life)


def standing(life: Life) -> Facts:
    """The keys of all rows that stand."""
    return {*claims(life), *payments(life)}


# ---------------------------------------------------------------- what stands


def expected_batches(life: Life, books: Books) -> dict[int, tuple[str, int, range]]:
    """Of each batch: its state, how many rows it has, and how many of them are rejects. A row that
    repeats a reject of its own file may be counted as its duplicate.
    """
    return {
        file.batch: ("done", len(file.rows), _rejects(life, file, books))
        for file in life.city.files
        if file.batch is not None
    }


def _rejects(life: Life, file: File, books: Books) -> range:
    refused = [row for row in in_play(life, file) if row not in books.facts]
    return range(len({*refused}), len(refused) + 1)


def batches(life: Life, expected: dict[int, tuple[str, int, range]]) -> dict[int, Any]:
    """The same as the program lists it; a number of rejects that may be is the range itself."""
    found: dict[int, Any] = {}
    for each in life.do("batch", "list", "-o", "json", "--limit", "0").data["batches"]:
        if each["kind"] in ("claims", "redemptions") and each["state"] != "undone":
            may_be = expected.get(each["batch"], ("", 0, range(0)))[2]
            count = may_be if each["rejected"] in may_be else each["rejected"]
            found[each["batch"]] = (each["state"], each["read"], count)
    return found


def expected_claims(books: Books) -> dict[tuple[str, ...], int]:
    """Each claim that stands, and how many of its vouchers are used."""
    used = Counter(each.claim_no for each in books.payments.values() if not each.is_undone)
    return {key(row): used[row[0]] for row in books.facts if len(row) == 4}


def claims(life: Life) -> dict[tuple[str, ...], int]:
    return {claim_key(each): each["used"] for each in listed.claims(life)}


def expected_payments(books: Books) -> list[tuple[str, ...]]:
    """Each payment and refund that stands."""
    return sorted(key(row) for row in books.facts if len(row) > 4)


def payments(life: Life) -> list[tuple[str, ...]]:
    return sorted(redemption_key(each) for each in listed.redemptions(life))


# ---------------------------------------------------------------- figures


def _figures(life: Life, books: Books) -> list[tuple[str, Any, Any]]:
    rules = life.city.rules
    report = life.do("report", "leverage", "--by", "round", "-o", "json").data
    rounds = life.do("report", "rounds", "-o", "json").data["rows"]
    total = city_figures.leverage(books, rules)
    pairs = [("leverage, total", total, _only(report["total"], total))]
    for row in report["rows"]:
        figures = city_figures.leverage(books, rules, row["key"])
        pairs.append((f"leverage of {row['key']}", figures, _only(row, figures)))
    for row in rounds:
        figures = city_figures.round_figures(books, rules, row["round"])
        pairs.append((f"report of {row['round']}", figures, _only(row, figures)))
    pairs.append(
        (
            "rounds",
            [each.code for each in rules.rounds],
            sorted((row["round"] for row in rounds), key=lambda code: int(code[1:])),
        )
    )
    return pairs


def _only(row: dict[str, Any], like: dict[str, int]) -> dict[str, Any]:
    return {key: row[key] for key in like}
