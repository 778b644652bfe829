"""report explain: packs claimed down to files, and the money of funders down to postings; the rules
of rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.posting_words import WHY, WORDS
from vouchercli.ops.reports.measures import columns
from vouchercli.result import DATA, SCREEN, Clauses, Column, Outcome, Problem, Table, say
from vouchercli.rules import leverage, packs
from vouchercli.store import claims, explained, ledger, programmes, templates, uptake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session

REDEEMED = ("payable", "held", "paid", "clawed_back", "written_off")
CLAIMED = (
    Column("round", "Round"),
    Column("packs", "Packs", "int"),
    *columns("claimed", "claim_rate"),
    Column("face_fen", "Face claimed", "fen"),
)
BY_FILE = (
    Column("batch", "Batch", "int"),
    Column("file", "File"),
    Column("round", "Round"),
    Column("packs", "Packs", "int"),
    Column("first_at", "First", "time"),
    Column("last_at", "Last", "time"),
)
FUNDS = (
    Column("funder", "Funder"),
    Column("kind", "Kind", "word"),
    *(
        Column(f"{account}_fen", WORDS[account], "fen", optional=account != "payable")
        for account in REDEEMED
    ),
    Column("redeemed_fen", "Redeemed", "fen"),
)
MOVES = (
    Column("funder", "Funder"),
    Column("from_account", "from", "word", shown="from_word", where=DATA),
    Column("to_account", "to", "word", shown="to_word", where=DATA),
    Column("way", "from, to", "sentence", where=SCREEN),
    Column("why", "why", "word", shown="why_word"),
    Column("batch", "Batch", "int"),
    Column("file", "File"),
    Column("postings", "Postings", "int", where=DATA),
    Column("amount_fen", "amount", "fen"),
)
RULES = (
    Column("round", "Round"),
    Column("template", "Template"),
    Column("coupons", "Coupons"),
    Column("funding", "Funding"),
)


def claimed(session: Session, scope: Scope) -> Outcome:
    """Where the packs claimed of each round come from. The claims are counted anew: where they do
    not come to the kept totals the answer is `failed`.
    """
    db = session.db
    counted = explained.claims(db, scope.rounds, scope.as_of)
    totals = uptake.claimed_packs(db, scope.window_of_claims, scope.zone)
    names = explained.files(db)
    facts: dict[int, int] = dict.fromkeys(scope.rounds, 0)
    for each in counted:
        facts[each.round_id] += each.packs
    rows = [
        {
            "round": about.round,
            "packs": about.packs,
            "claimed": totals.get(round_id, 0),
            "claim_rate": leverage.rate(totals.get(round_id, 0), about.packs),
            "face_fen": totals.get(round_id, 0) * about.pack_value_fen,
        }
        for round_id, about in scope.rounds.items()
    ]
    by_file = [
        {
            **each._asdict(),
            "file": names.get(each.batch, ""),
            "round": scope.rounds[each.round_id].round,
        }
        for each in counted
    ]
    problems = tuple(
        Problem(
            "figures_differ",
            "{round}: {found} claims stand, the totals have {kept}",
            hint="voucher check",
            params={"round": about.round, "found": facts[key], "kept": totals.get(key, 0)},
        )
        for key, about in scope.rounds.items()
        if facts[key] != totals.get(key, 0)
    )
    title = say("How what is claimed of {programme} is made", programme=scope.code)
    tables = (
        Table(title, CLAIMED, rows, zone=scope.zone, key="figures"),
        Table(say("By file"), BY_FILE, by_file, zone=scope.zone, key="by_file"),
        rules(session, scope),
    )
    return _answer(scope, "claimed", tables, problems)


def funds(session: Session, scope: Scope) -> Outcome:
    """Where what each funder's money paid of these rounds comes from: postings by file and reason,
    which must come to what stands in the books, else the answer is `failed`.
    """
    db, programme_id = session.db, scope.programme["programme_id"]
    names = explained.files(db)
    moved = explained.moved(db, programme_id, scope.rounds, REDEEMED)
    came: dict[str, int] = {}
    for each in moved:
        sign = 1 if each.to_account in REDEEMED else -1
        came[each.funder] = came.get(each.funder, 0) + sign * each.amount_fen
    standing = [_standing(session, scope, each) for each in programmes.funders(db, programme_id)]
    moves = [
        {
            **each._asdict(),
            "from_word": WORDS[each.from_account],
            "to_word": WORDS[each.to_account],
            "way": say(
                "{from_account} to {to_account}",
                from_account=WORDS[each.from_account],
                to_account=WORDS[each.to_account],
            ),
            "why_word": WHY.get(each.why, each.why),
            "file": "" if each.batch is None else names.get(each.batch, ""),
        }
        for each in moved
    ]
    problems = tuple(
        Problem(
            "figures_differ",
            "{funder}: postings come to {found} fen, the books say {kept}",
            hint="voucher check",
            params={
                "funder": row["funder"],
                "found": came.get(row["funder"], 0),
                "kept": row["redeemed_fen"],
            },
        )
        for row in standing
        if came.get(row["funder"], 0) != row["redeemed_fen"]
    )
    title = say("How what the funders of {programme} paid is made", programme=scope.code)
    tables = (
        Table(title, FUNDS, standing, key="figures"),
        Table(say("By posting"), MOVES, moves, key="postings"),
        rules(session, scope),
    )
    return _answer(scope, "funds", tables, problems)


def _answer(
    scope: Scope, figure: str, tables: tuple[Table, ...], problems: tuple[Problem, ...]
) -> Outcome:
    data = {**scope.about(), "figure": figure, "rounds": scope.codes()}
    return Outcome(data, tables, (), problems, "failed" if problems else "ok")


def _standing(session: Session, scope: Scope, funder: programmes.Row) -> dict[str, Any]:
    """What stands on the accounts of what vouchers paid, over these rounds."""
    each = [ledger.balances(session.db, funder["funder_id"], round_id) for round_id in scope.rounds]
    accounts = {
        f"{name}_fen": sum(getattr(balances, name) for balances in each) for name in REDEEMED
    }
    redeemed_fen = sum(balances.redeemed for balances in each)
    return {
        "funder": funder["funder"],
        "kind": funder["kind"],
        **accounts,
        "redeemed_fen": redeemed_fen,
    }


def rules(session: Session, scope: Scope) -> Table:
    """The card pack of each round, and who pays it."""
    return Table(say("By these rules"), RULES, [*_rules(session, scope)], key="rules")


def _rules(session: Session, scope: Scope) -> Iterable[dict[str, Any]]:
    kept = {
        row["round_id"]: templates.value(row)
        for row in claims.templates_of_rounds(session.db, scope.programme["programme_id"])
    }
    for round_id, about in scope.rounds.items():
        fields = packs.described(kept[round_id])
        yield {
            "round": about.round,
            "template": about.template,
            "coupons": Clauses(
                "; ".join(text for key, text in fields.items() if key.startswith("coupons "))
            ),
            "funding": ", ".join(
                f"{key.partition('.')[2]} {text}"
                for key, text in fields.items()
                if key.startswith(("funding.", "match."))
            ),
        }
