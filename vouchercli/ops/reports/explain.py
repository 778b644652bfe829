"""report explain: a figure down to the files, the ways its subsidy is shared, the ledger and the
rules; and whether the facts add up to it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.ops.reports.figures import sums_by_key
from vouchercli.ops.reports.scope import note_later, scope_of
from vouchercli.ops.reports.tables import span_notes
from vouchercli.result import Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import leverage, packs
from vouchercli.store import claims, explained, ledger, programmes, templates
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message
    from vouchercli.rules.leverage import Sums
    from vouchercli.session import Session
    from vouchercli.store.explained import Part

FIGURES = ("leverage",)
MOST_WAYS = 20
MADE = (
    Column("figure", "Figure", "word"),
    Column("formula", "Formula", "word"),
    Column("top_fen", "Above the line", "fen"),
    Column("bottom_fen", "Below the line", "fen"),
    Column("value", "Result", "ratio"),
)
BY_FILE = (
    Column("batch", "Batch", "int"),
    Column("file", "File"),
    Column("payments", "Payments", "int"),
    Column("refunds", "Refunds", "int"),
    Column("base_fen", "Base spend", "fen"),
    Column("subsidy_fen", "Subsidy", "fen"),
)
BY_WAY = (
    Column("round", "Round"),
    Column("paid_fen", "Voucher paid", "fen"),
    Column("public_fen", "Public", "fen"),
    Column("platform_fen", "Platform paid", "fen"),
    Column("match_fen", "Match", "fen"),
    Column("rows", "Rows", "int"),
    Column("subsidy_fen", "Subsidy", "fen"),
)
LEDGER = (
    Column("funder", "Funder"),
    Column("kind", "Kind", "word"),
    Column("redeemed_fen", "Redeemed", "fen"),
)
RULES = (
    Column("round", "Round"),
    Column("template", "Template"),
    Column("coupons", "Coupons"),
    Column("funding", "Funding"),
)


def report_explain(
    session: Session,
    figure: str,
    *,
    only: Sequence[str] = (),
    since: int | None = None,
    as_of: int | None = None,
) -> Outcome:
    """Where the leverage of `since <= paid_at <= as_of` (UTC seconds, None: open) comes from. The
    facts are read anew: where they, or the ledger, do not add up to the kept totals the answer is
    `failed`. Raises `UsageFault` for a figure there is not, and as `scope_of`.
    """
    if figure not in FIGURES:
        raise UsageFault(
            "unknown_figure",
            "{figure} cannot be explained",
            hint="choose one of: {known}",
            figure=figure,
            known=", ".join(FIGURES),
        )
    with reading(session):
        scope = scope_of(session, only, since, as_of)
        total = leverage.pooled(sums_by_key(session, "round", scope).values())
        parts = explained.parts(session.db, scope.rounds, since, as_of)
        names = explained.files(session.db)
        booked = _ledger(session, scope) if since is None and as_of is None else []
        rules = _rules(session, scope)
        later = note_later(session, scope)
    ways = _by_way(parts, scope)
    tables = (
        Table(
            say("How the leverage of {programme} is made", programme=scope.code),
            MADE,
            _made(total),
            notes=tuple(span_notes(scope)),
            key="figures",
        ),
        Table(say("By file"), BY_FILE, _by_file(parts, names), key="by_file"),
        Table(
            say("By what a voucher paid, and who paid it"),
            BY_WAY,
            ways[:MOST_WAYS],
            notes=_unshown(ways[MOST_WAYS:]),
            key="by_way",
        ),
        Table(say("In the ledger"), LEDGER, booked, key="ledger", optional=True),
        Table(say("By these rules"), RULES, rules, key="rules"),
    )
    data = {**scope.about(), "rounds": scope.codes()}
    problems = tuple(_differences(total, parts, booked))
    return Outcome(data, tables, later, problems, "failed" if problems else "ok")


def _made(total: Sums) -> list[dict[str, Any]]:
    """Each ratio with what stands above and below its line."""
    given = total.public_fen + total.platform_fen + total.match_fen
    return [
        {"figure": name, "formula": formula, "top_fen": top, "bottom_fen": bottom, "value": value}
        for name, formula, top, bottom, value in (
            (Word("G"), Word("base / subsidy"), total.base_fen, total.public_fen, total.gross),
            (
                Word("N"),
                Word("(base - subsidy - platform - match) / subsidy"),
                total.own_fen,
                total.public_fen,
                total.own_spend,
            ),
            (
                Word("Floor"),
                Word("least orders / subsidy"),
                total.floor_fen,
                total.public_fen,
                total.floor,
            ),
            (
                Word("All-funder leverage"),
                Word("base / (subsidy + platform + match)"),
                total.base_fen,
                given,
                total.all_funders,
            ),
        )
    ]


def _by_file(parts: list[Part], names: dict[int, str]) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for part in parts:
        row = rows.setdefault(
            part.batch,
            {
                "batch": part.batch,
                "file": names.get(part.batch, ""),
                "payments": 0,
                "refunds": 0,
                "base_fen": 0,
                "subsidy_fen": 0,
            },
        )
        row["refunds" if part.is_refund else "payments"] += part.rows
        row["base_fen"] += part.base_fen
        row["subsidy_fen"] += part.rows * part.public_fen
    return [rows[batch] for batch in sorted(rows)]


def _by_way(parts: list[Part], scope: Scope) -> list[dict[str, Any]]:
    """Each way of paying, where most was paid first."""
    ways: defaultdict[tuple[int, ...], int] = defaultdict(int)
    for part in parts:
        amounts = (part.subsidy_fen, part.public_fen, part.platform_fen, part.match_fen)
        ways[(part.round_id, *amounts)] += part.rows
    ordered = sorted(ways.items(), key=lambda way: (-abs(way[1] * way[0][2]), way[0]))
    return [
        {
            "round": scope.rounds[round_id].round,
            "paid_fen": paid,
            "public_fen": public,
            "platform_fen": platform,
            "match_fen": match,
            "rows": rows,
            "subsidy_fen": rows * public,
        }
        for (round_id, paid, public, platform, match), rows in ordered
    ]


def _unshown(ways: list[dict[str, Any]]) -> tuple[Message, ...]:
    """A note on the ways there is no room for, so that the column still adds up."""
    if not ways:
        return ()
    return (
        say(
            "{ways:,} more ways: {rows:,} rows, subsidy {fen} fen",
            ways=len(ways),
            rows=sum(way["rows"] for way in ways),
            fen=sum(way["subsidy_fen"] for way in ways),
        ),
    )


def _ledger(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """What the books say was redeemed of these rounds, by funder."""
    rows = []
    for funder in programmes.funders(session.db, scope.programme["programme_id"]):
        redeemed = sum(
            ledger.balances(session.db, funder["funder_id"], round_id).redeemed
            for round_id in scope.rounds
        )
        rows.append({"funder": funder["funder"], "kind": funder["kind"], "redeemed_fen": redeemed})
    return rows


def _rules(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """The card pack of each round, and who pays it."""
    kept = {
        row["round_id"]: templates.value(row)
        for row in claims.templates_of_rounds(session.db, scope.programme["programme_id"])
    }
    rows = []
    for round_id, about in scope.rounds.items():
        fields = packs.described(kept[round_id])
        rows.append(
            {
                "round": about.round,
                "template": about.template,
                "coupons": "; ".join(
                    text for key, text in fields.items() if key.startswith("coupons ")
                ),
                "funding": ", ".join(
                    f"{key.partition('.')[2]} {text}"
                    for key, text in fields.items()
                    if key.startswith(("funding.", "match."))
                ),
            }
        )
    return rows


def _differences(total: Sums, parts: list[Part], booked: list[dict[str, Any]]) -> Iterable[Problem]:
    """Where the facts, or the books (in a span of time there are none), do not add up to the kept
    totals.
    """
    facts = "the facts come to {found} fen of {name}, the totals to {kept}"
    books = "the ledger comes to {found} fen of {name}, the totals to {kept}"
    base_fen = sum(part.base_fen for part in parts)
    public_fen = sum(part.rows * part.public_fen for part in parts)
    compared = [
        (facts, "base", base_fen, total.base_fen),
        (facts, "subsidy", public_fen, total.public_fen),
    ]
    if booked:  # what stays with merchants without a sale was paid too
        redeemed = sum(row["redeemed_fen"] for row in booked if row["kind"] == "public")
        compared.append((books, "subsidy", redeemed, total.public_fen + total.stays_fen))
    for text, name, found, kept in compared:
        if found != kept:
            yield Problem(
                "figures_differ",
                text,
                hint="voucher check",
                params={"name": Word(name), "found": found, "kept": kept},
            )
