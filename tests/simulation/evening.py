"""The end of a day: rejects are judged again until nothing moves, every invariant is checked, and
what stands, counts and figures are those of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import city_figures
import city_model

if TYPE_CHECKING:
    from small_city import File
    from city_model import Books
    from life import Life

ROUNDS = 8  # of judging again, at most


def close(life: Life) -> None:
    books = model(life)
    _settle(life, books)
    life.do("check")
    life.do("audit", "verify")
    for what, ours, theirs in (
        ("batches", expected := expected_batches(life, books), batches(life, expected)),
        ("claims", expected_claims(books), claims(life)),
        ("payments and refunds", expected_payments(books), payments(life)),
        *_figures(life, books),
    ):
        life.agree(what, ours, theirs)


def model(life: Life) -> Books:
    """What must stand of the files that are in."""
    rows: dict[str, list[city_model.Row]] = {"claim": [], "redemption": []}
    for file in life.city.files:
        if file.batch is not None:
            rows[file.kind] += file.rows
    return city_model.judge(life.city.rules, rows["claim"], rows["redemption"], life.city.now)


def _settle(life: Life, books: Books) -> None:
    """Judge rejects again, claims first, while a file has a row that should stand and does not, or
    more or fewer rejects than it should have.
    """
    expected = expected_batches(life, books)
    for _ in range(ROUNDS):
        found, stands = batches(life, expected), {*claims(life), *payments(life)}
        wrong = [
            file.batch
            for file in life.city.files
            if file.batch is not None
            and (
                found.get(file.batch) != expected[file.batch]
                or any(key(row) not in stands for row in file.rows if row in books.facts)
            )
        ]
        if not wrong:
            return
        for batch in wrong:
            life.do("batch", "retry", str(batch), "--yes", codes=(0, 4), trouble=life.trouble())


def stands(life: Life) -> Any:
    """Rounds with their states, claims and payments, as the program lists them."""
    rounds = life.do("round", "list", "-o", "json").data
    return rounds, claims(life), payments(life)


def key(row: city_model.Row) -> Any:
    """How a fact is called in the lists."""
    return row[:5] if len(row) > 4 else row[0]


# ---------------------------------------------------------------- what stands


def expected_batches(life: Life, books: Books) -> dict[int, tuple[str, int, range]]:
    """Of each batch: its state, how many rows it has, and how many of them are rejects. A row that
    repeats a reject of its own file may be counted as its duplicate.
    """
    return {
        file.batch: ("done", len(file.rows), _rejects(file, books))
        for file in life.city.files
        if file.batch is not None
    }


def _rejects(file: File, books: Books) -> range:
    refused = [row for row in file.rows if row not in books.facts]
    return range(len({*refused}), len(refused) + 1)


def batches(life: Life, expected: dict[int, tuple[str, int, range]]) -> dict[int, Any]:
    """The same as the program lists it; a number of rejects that may be is the range itself."""
    listed = life.do("batch", "list", "-o", "json", "--limit", "0").data["batches"]
    found: dict[int, Any] = {}
    for each in listed:
        if each["kind"] in ("claims", "redemptions") and each["state"] != "undone":
            may_be = expected.get(each["batch"], ("", 0, range(0)))[2]
            count = may_be if each["rejected"] in may_be else each["rejected"]
            found[each["batch"]] = (each["state"], each["read"], count)
    return found


def expected_claims(books: Books) -> dict[str, tuple[str, int]]:
    return {
        number: (
            code,
            sum(each.claim_no == number and not each.is_undone for each in books.payments.values()),
        )
        for number, (code, _, _) in books.claims.items()
    }


def claims(life: Life) -> dict[str, tuple[str, int]]:
    listed = life.do("claim", "list", "-o", "json", "--limit", "0").data["claims"]
    return {each["claim_no"]: (each["round"], each["used"]) for each in listed}


def expected_payments(books: Books) -> list[tuple[str, ...]]:
    """Each payment and refund that stands, without its amounts."""
    return sorted(key(row) for row in books.facts if len(row) > 4)


def payments(life: Life) -> list[tuple[str, ...]]:
    listed = life.do("redemption", "list", "-o", "json", "--limit", "0").data["redemptions"]
    keys = ("transaction_no", "kind", "claim_no", "coupon_no", "merchant_no")
    return sorted(tuple(str(each[key]) for key in keys) for each in listed)


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
