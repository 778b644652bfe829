"""How lists and reports are found, which no timing can hold: none reads a whole table of facts, and
none sorts more than it shows, but for what is named here.

Every SELECT that an operation runs is explained by SQLite itself, in a file without statistics, as
the program makes it, and with the statistics of a large city, as `ANALYZE` would leave them.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import towns
from towns import CLAIMS, PAYMENTS

from vouchercli.ops.intake import applications, batches, claims, eligibility, redemptions
from vouchercli.ops.proof import audit
from vouchercli.ops.reports.leverage import report_leverage
from vouchercli.ops.reports.rounds import report_rounds
from vouchercli.ops.rounds import rounds
from vouchercli.ops.setup import merchants, todo
from vouchercli.store import judging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Once, Ran

    from vouchercli.session import Session

    Voucher = Callable[..., Ran]

# What grows with every file; rounds, splits, coupons, programmes and runs are few.
FACTS = (
    "redemptions",
    "refunds",
    "claims",
    "applications",
    "eligibility",
    "rejects",
    "warnings",
    "merchants",
    "merchant_totals",
    "audit",
)
MANY = {
    "redemptions": 10_000_000,
    "refunds": 100_000,
    "claims": 3_000_000,
    "applications": 1_000_000,
    "eligibility": 1_000_000,
    "rejects": 500_000,
    "warnings": 100_000,
    "merchants": 100_000,
    "merchant_totals": 300_000,
    "audit": 300_000,
}
NUMBERS = "abcdefgh"
NOON = towns.at("2020-04-01 12:34:56")

list_redemptions = partial(
    redemptions.list_redemptions,
    limit=100,
    without_sale=False,
    round=None,
    claim_no=None,
    merchant_no=None,
    transaction_no=None,
)
list_claims = partial(claims.list_claims, limit=100, round=None, claim_no=None, resident=None)
list_applications = partial(
    applications.list_applications, limit=100, round=None, application_no=None, resident=None
)
list_merchants = partial(
    merchants.list_merchants,
    unregistered=False,
    designated_size=None,
    limit=100,
    district=None,
    industry=None,
    size=None,
    suspended=False,
    search=None,
)
list_deeds = partial(
    audit.list_deeds, limit=100, actor=None, deed=None, about=None, since=None, until=None
)
IN_ORDER = "SCAN m"  # in the order of their numbers, until a hundred fit

# What is run, and which whole readings of a table of facts or sortings it may do.
ASKED: dict[str, tuple[Callable[[Session], Any], tuple[str, ...]]] = {
    "redemption list": (list_redemptions, ()),
    "redemption list --merchant": (partial(list_redemptions, merchant_no="M1"), ()),
    "redemption list --round": (partial(list_redemptions, round="r1"), ()),
    "redemption list --claim": (partial(list_redemptions, claim_no="Ca"), ("sorted",)),
    "redemption list --transaction": (partial(list_redemptions, transaction_no="Ta"), ("sorted",)),
    "redemption list --without-sale": (partial(list_redemptions, without_sale=True), ()),
    "claim list": (list_claims, ()),
    "claim list --round": (partial(list_claims, round="r1"), ()),
    "claim list --claim": (partial(list_claims, claim_no="Ca"), ("sorted",)),
    "claim list --resident": (partial(list_claims, resident="pa"), ("sorted",)),
    "application list": (list_applications, ()),
    "application list --round": (partial(list_applications, round="r1"), ()),
    "application list --application": (
        partial(list_applications, application_no="Aa"),
        ("sorted",),
    ),
    "eligibility list": (
        partial(eligibility.list_eligibility, group=None, resident=None, limit=100),
        ("SCAN", "sorted"),  # the groups are counted, from an index of theirs
    ),
    "eligibility list --group": (
        partial(eligibility.list_eligibility, group="g", resident=None, limit=100),
        ("sorted",),
    ),
    "eligibility list --resident": (
        partial(eligibility.list_eligibility, group=None, resident="pa", limit=100),
        ("sorted",),
    ),
    "merchant list": (list_merchants, (IN_ORDER,)),
    "merchant list --search": (partial(list_merchants, search="1"), (IN_ORDER,)),
    "merchant show": (partial(merchants.show_merchant, no="M1"), ("sorted",)),
    "batch list": (partial(batches.list_batches, kind=None, limit=100), ()),
    "batch rejects": (partial(batches.list_rejects, batch_id=1, limit=100), ()),
    "batch show": (partial(batches.show_batch, batch_id=1), ("sorted",)),
    "audit log": (list_deeds, ("SCAN audit",)),  # from its end, until a hundred fit
    "todo": (todo.list_waiting, ("sorted",)),
    "round list": (partial(rounds.list_rounds, state=None, limit=100), ("sorted",)),
    "round show": (partial(rounds.show_round, code="r1"), ("sorted",)),
    # merchants are counted from their totals, in a span that cuts a month from its facts
    "report leverage": (report_leverage, ("SCAN t", "sorted")),
    "report leverage --as-of": (
        partial(report_leverage, as_of=NOON),
        ("SCAN t", "SCAN b", "sorted"),
    ),
    "report leverage --by merchant": (
        partial(report_leverage, by="merchant"),
        ("SCAN merchant_totals", "SCAN t", "SCAN h", "SCAN p", "sorted"),  # all are added up
    ),
    "report leverage --by merchant --as-of": (
        partial(report_leverage, by="merchant", as_of=NOON),
        ("SCAN merchant_totals", "SCAN t", "SCAN h", "SCAN p", "SCAN b", "sorted"),
    ),
    # who used a voucher is counted from all that was redeemed: docs/performance.md
    "report rounds": (report_rounds, ("SCAN redemptions", "SCAN x", "SCAN b", "sorted")),
}


class Step(NamedTuple):
    """A line of a query plan, and the statement that it is of."""

    detail: str
    statement: str


@pytest.fixture
def town(voucher: Voucher, once: Once) -> Voucher:
    """A few of everything."""

    def build() -> None:
        document = towns.programme(funds={"treasury": "100000.00"})
        pack = towns.pack("pack", towns.coupon("10.00", "40.00", 2))
        towns.build(voucher, document, pack, merchants="merchant_no,name\nM1,a\nM2,b\n")
        people = "resident,group\n" + "".join(f"p{each},g\n" for each in NUMBERS)
        voucher("eligibility", "import", towns.write("people.csv", people))
        towns.make_round(voucher, "r1", packs=200, closes="2020-05-01", state="open")
        towns.make_round(voucher, "r2", packs=10, closes="2020-05-01", state="open")
        asked = "application_no,round,resident,applied_at\n"
        asked += "".join(f"A{each},r1,p{each},2020-03-27 08:00:00\n" for each in NUMBERS)
        voucher("application", "import", towns.write("applications.csv", asked))
        claimed = "".join(f"C{each},r1,p{each},2020-03-27 09:00:00\n" for each in NUMBERS)
        voucher("claim", "import", towns.write("claims.csv", CLAIMS + claimed))
        pays = "".join(f"T{each},pay,C{each},1,M1,2020-04-01 12:00,50,0,10,\n" for each in NUMBERS)
        voucher("redemption", "import", towns.write("pays.csv", PAYMENTS + pays))

    once("query plans", build)
    return voucher


@pytest.fixture(params=["no statistics", "statistics of a city"])
def session(town: Voucher, here: Path, request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session on that town."""
    if request.param != "no statistics":
        pretend_large(here / "voucher.db")
    with towns.session(here / "voucher.db") as session:
        yield session


def pretend_large(path: Path) -> None:
    """Lay down statistics as `ANALYZE` would make them of ten million redemptions."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ANALYZE")
        for index, table, stat in db.execute("SELECT idx, tbl, stat FROM sqlite_stat1").fetchall():
            if table in MANY:
                columns = len(stat.split()) - 1
                large = " ".join([str(MANY[table]), *["10"] * (columns - 1), "1"][: columns + 1])
                db.execute(
                    "UPDATE sqlite_stat1 SET stat = ? WHERE tbl = ? AND idx IS ?",
                    (large, table, index),
                )


def plan(session: Session, work: Callable[[Session], Any]) -> list[Step]:
    """The plans of every SELECT that an operation runs, also into a table of its connection, its
    rows read to their end.
    """
    run: list[str] = []
    session.db.set_trace_callback(run.append)
    outcome = work(session)
    for table in outcome.tables:
        assert len([*table.rows]) <= 100
    session.db.set_trace_callback(None)
    for each in run:  # the table of a connection that is gone with the answer
        if re.match(r"\s*CREATE TEMP TABLE paid_merchants\b", each):
            session.db.execute(each)
    pattern = r"\s*(SELECT|WITH|INSERT INTO temp.paid_merchants)\b"
    asked = [each for each in dict.fromkeys(run) if re.match(pattern, each)]
    return [
        Step(row["detail"], each)
        for each in asked
        for row in session.db.execute("EXPLAIN QUERY PLAN " + each)
    ]


def names_of_facts(statement: str) -> set[str]:
    """The names under which a statement reads tables of facts."""
    found = re.findall(
        rf"(?:FROM|JOIN|,)\s+\(?({'|'.join(FACTS)})\b(?:\s+(?:AS\s+)?(\w+))?", statement
    )
    inside = {"f"} if "redemption_facts" in statement else set()
    return {name for each in found for name in each if name} | inside


def is_whole(step: Step) -> bool:
    """Whether a step reads a whole table of facts, by whatever index; or payments by way of all
    claims of a round.
    """
    kind, _, rest = step.detail.partition(" ")
    is_by_claims = "claims_by_round (round_id=?)" in rest and "redemption_facts" in step.statement
    return is_by_claims or (kind == "SCAN" and rest.split(" ")[0] in names_of_facts(step.statement))


def is_sorting(step: Step) -> bool:
    """Whether a step sorts all facts that were found. The last terms of an order are sorted a few
    rows at a time; the rows of one run, or those that were picked, are no more than these.
    """
    if not (step.detail.startswith("USE TEMP B-TREE FOR") and names_of_facts(step.statement)):
        return False
    is_few = "redemption_id BETWEEN" in step.statement or "json_each" in step.statement
    return not is_few and not any(part in step.detail for part in ("LAST TERM", "RIGHT PART"))


@pytest.mark.parametrize("name", ASKED)
def test_no_list_and_no_report_reads_all_that_there_is(session: Session, name: str) -> None:
    work, allowed = ASKED[name]
    steps = plan(session, work)
    assert steps
    for step in filter(is_whole, steps):
        assert step.detail.startswith(tuple(each for each in allowed if each != "sorted")), step
    if "sorted" not in allowed:
        assert [step for step in steps if is_sorting(step)] == []


def test_totals_of_merchants_are_pooled_in_their_order(session: Session) -> None:
    """What is sorted is what was pooled, not what is."""
    steps = plan(session, partial(report_leverage, by="merchant"))
    pooling = [step for step in steps if "INSERT INTO temp.paid_merchants" in step.statement]
    assert pooling and not any(map(is_sorting, pooling))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM redemptions x JOIN claims c ON c.claim_id = x.claim_id ORDER BY x.paid_at",
        "SELECT * FROM redemption_facts WHERE merchant_id = 7",
        "SELECT * FROM rounds r CROSS JOIN claims c ON c.round_id = r.round_id"
        " CROSS JOIN redemption_facts x ON x.claim_id = c.claim_id",
        "SELECT count(*) FROM claims c WHERE ifnull(c.claim_no = 'C1', 1)",
    ],
)
def test_a_whole_reading_is_seen(session: Session, statement: str) -> None:
    found = session.db.execute("EXPLAIN QUERY PLAN " + statement)
    steps = [Step(row["detail"], statement) for row in found]
    assert any(map(is_whole, steps))
    assert any(map(is_sorting, steps)) == ("ORDER BY" in statement)


def test_refused_claims_of_payments_are_found_by_their_number(voucher: Voucher) -> None:
    """A file of payments whose claims were all refused would else read all rejects for each."""
    voucher("init")
    with closing(sqlite3.connect("voucher.db")) as db:
        db.execute(judging.CREATE_INCOMING)
        plan = db.execute("EXPLAIN QUERY PLAN " + judging.NAME_REFUSED_CLAIM, (1,)).fetchall()
    assert "SEARCH j USING INDEX refused_claims (<expr>=?)" in [row[-1] for row in plan]
