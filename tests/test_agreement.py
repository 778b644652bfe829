"""The law (rules/, one record at a time) and the store (by set) agree on random small worlds."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import towns
from big_town import left_by
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from towns import CLOSES, OPENS, ZONE

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.intake.kinds import Intake
from vouchercli.ops.intake.redemptions import KIND, import_redemptions
from vouchercli.rules import claims as claim_law
from vouchercli.rules import limits, money, refunds, times, uses, vouchers
from vouchercli.rules.redemptions import PAYMENTS
from vouchercli.rules.subsidy import lawful_subsidy
from vouchercli.store import checks, claims, incoming, judging, programmes

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

START = towns.at(OPENS)
HOUR = 3600
NOW = START + 20 * HOUR  # rows of the last hours are later than now
PROGRAMME = towns.programme(
    "p",
    funds={"city": "public", "district": "public", "platform": "platform", "shops": "merchant"},
    limits={"packs_per_resident_per_round": 2, "vouchers_per_merchant_per_day": 2},
)
USES = {
    "vouchers_per_resident": [{"per": "day", "at_most": 2}, {"at_most": 4, "of": "t"}],
    "vouchers_per_merchant": {"per": "week", "at_most": 2, "except": "other"},
    "subsidy_per_resident": "30.03",
    "subsidy_per_merchant": {"per": "day", "at_most": "30.00"},
    "budget": {"per": "day", "at_most": "60.05"},
}
USE_CAPS = {
    "vouchers_per_resident:day": 2,
    "vouchers_per_resident:programme:t": 4,
    "vouchers_per_merchant:week:!other": 2,
    "subsidy_per_resident:programme": 3003,
    "subsidy_per_merchant:day": 3000,
    "budget:day": 6005,
}
TEMPLATE = towns.pack(
    "t",
    towns.coupon("10.01", "40.00", 2),
    {
        "count": 1,
        "kind": "percent_off",
        "percent": "10",
        "threshold": "20.00",
        "cap": "5.00",
        "below": "60.01",
    },
    validity={"days_after_claim": 1},
    scope={"districts": ["in"], "channel": "offline", "exclude_goods": ["sofa"]},
    funding={"city": "33.33%", "district": "33.33%", "platform": "33.34%"},
    match={"shops": "50%"},
)
FACES = {1: (1001, 4000, None), 2: (1001, 4000, None), 3: (500, 2000, 1000)}
MERCHANTS = {"m1": "in", "m2": "in", "far": "out"}

ADD_BATCH = """
INSERT INTO batches (batch_id, kind, programme_id, file, sha256, profile, profile_json, encoding,
    header, state, read, accepted, duplicate,
    rejected, warnings, actor, imported_at) VALUES (?, ?, 1, '', ?, '', '', '', '', 'done', 0, 0,
        0, 0, 0, '', 0)
"""


def world(
    policy: Any, *, with_claims: bool = False, is_limited: bool = True, has_uses: bool = False
) -> Session:
    """The town in memory, at the moment NOW."""
    town_of = town(policy, with_claims=with_claims, is_limited=is_limited, has_uses=has_uses)
    return towns.in_memory(*town_of)._replace(now=NOW)


def town(
    policy: Any, *, with_claims: bool = False, is_limited: bool = True, has_uses: bool = False
) -> tuple[Any, ...]:
    """Key, moment and making of a small town: an open round r of 4 packs and a draft, three
    merchants, one of them suspended for an hour; two residents with three claims when it has
    claims. `is_limited`: two vouchers of one resident a day at one merchant. `has_uses`: the limits
    of USES too.
    """
    limits_of = {} if is_limited else {"limits": {"packs_per_resident_per_round": 2}}
    if has_uses:
        limits_of = {"limits": PROGRAMME["limits"] | USES}

    def make(voucher: Any) -> None:
        shops = "".join(f"{number},店,{district}\n" for number, district in MERCHANTS.items())
        terms: dict[str, Any] = {"template": "t", "packs": 4, "closes": CLOSES}
        towns.build(
            voucher,
            PROGRAMME | {"refunds": policy} | limits_of,
            TEMPLATE,
            merchants="merchant_no,name,district\n" + shops,
        )
        towns.make_round(voucher, "r", "--per-resident", "2", state="open", **terms)
        towns.draft(voucher, "draft", "--per-resident", "2", **terms)
        voucher("merchant", "suspend", "m2", "--from", written(5), "--reason", "cash-out")
        voucher("merchant", "reinstate", "m2", "--from", written(6))
        if with_claims:
            rows = "".join(
                f"{claim_no},r,{resident.decode()},{written(delay)}\n"
                for claim_no, (_, resident, delay) in CLAIMS.items()
            )
            voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))

    return ("agreement", str(policy), with_claims, is_limited, has_uses), written(4), make


def written(hours: int) -> str:
    """So many hours after the opening."""
    return times.shown(START + hours * HOUR, ZONE)


# ---------------------------------------------------------------- redemptions

# Half of the rows are wild; half are lawful by themselves, so that they meet on timelines, visits
# and numbers.
WILD = st.fixed_dictionaries(
    {
        "transaction_no": st.sampled_from(["1", "2", "3", "4", "5"]),
        "kind": st.sampled_from(["pay", "pay", "pay", "refund"]),
        "claim_no": st.sampled_from(["a1", "a1", "a2", "b1", "nowhere"]),
        "coupon_no": st.sampled_from([1, 1, 1, 2, 3, 4]),
        "merchant_no": st.sampled_from(["m1", "m1", "m1", "m2", "far", "nobody"]),
        "hours": st.integers(-1, 26),
        "base_fen": st.sampled_from([3999, 4000, 4000, 4000, 2000, 1000, 6001]),
        "subsidy_fen": st.sampled_from([None, None, None, 1001, 500, 400, 334]),
        "refund_of": st.sampled_from(["1", "2", "3", "4"]),
        "channel": st.sampled_from(["", "", "", "offline", "online"]),
        "goods": st.sampled_from(["", "", "tv", "sofa"]),
    }
)
TAME = st.fixed_dictionaries(
    {
        "transaction_no": st.sampled_from([str(n) for n in range(10)]),
        "kind": st.sampled_from(["pay", "pay", "pay", "refund"]),
        "claim_no": st.sampled_from(["a1", "a2"]),
        "coupon_no": st.sampled_from([1, 2, 3]),
        "merchant_no": st.just("m1"),
        "hours": st.integers(3, 12),
        "base_fen": st.sampled_from([4000, 4000, 2000]),
        "subsidy_fen": st.none(),
        "refund_of": st.sampled_from([str(n) for n in range(10)]),
        "channel": st.just(""),
    }
)
ROW = st.one_of(WILD, TAME)
BATCHES = st.lists(
    st.one_of(st.lists(ROW, min_size=1, max_size=8), st.lists(TAME, min_size=4, max_size=14)),
    min_size=1,
    max_size=3,
)


def _lawful(row: dict[str, Any]) -> int | None:
    face = FACES.get(row["coupon_no"])
    return lawful_subsidy(row["base_fen"], face[0], face[2]) if face else None


def _least_base(row: dict[str, Any]) -> int:
    """The threshold; of the percentage (10 % up to 5.00) at most what reaches the cap: 49.995."""
    full_base = {1: 4000, 2: 4000, 3: 4995}[row["coupon_no"]]
    return min(row["base_fen"], full_base)


def _moment(row: dict[str, Any]) -> int:
    return START + int(row["hours"]) * HOUR + int(row.get("second", 0))


def _typed(row: dict[str, Any]) -> tuple[Any, ...]:
    at = _moment(row)
    return (
        row["transaction_no"],
        row["kind"],
        row["claim_no"],
        row["coupon_no"],
        row["merchant_no"],
        "",
        at,
        times.day_of(at, ZONE),
        row["base_fen"],
        0,
        row["subsidy_fen"],
        row["refund_of"] if row["kind"] == "refund" else "",
        row["channel"],
        json.dumps({"goods": row["goods"]}) if row.get("goods") else None,
    )


CLAIMS = {"a1": (1, b"a" * 16, 0), "a2": (2, b"a" * 16, 2), "b1": (3, b"b" * 16, 0)}


SUMS = (
    "SELECT ifnull(sum(subsidy_fen), 0), ifnull(sum(vouchers), 0), ifnull(sum(base_fen), 0),"
    " ifnull(sum(spent), 0), ifnull(sum(floor_fen), 0), ifnull(sum(stays_fen), 0)"
    " FROM redemption_facts"
)


def written_out(policy: dict[str, Any]) -> refunds.RefundPolicy:
    """A policy that says each answer."""
    voucher, money = (refunds.Answers(**policy[part]) for part in ("voucher", "money"))
    return refunds.RefundPolicy(voucher, money)


class Oracle:
    """The law, one record at a time, with the whole past in memory."""

    def __init__(self, policy: Any, *, has_uses: bool = False) -> None:
        answers = refunds.PRESETS[policy] if isinstance(policy, str) else written_out(policy)
        self.world = vouchers.StandingFacts(answers, limits.always(2))
        if has_uses:
            # in the order in which the store asks them: by name
            caps = [(uses.cap(name), limits.always(most)) for name, most in USE_CAPS.items()]
            known = [(each, steps) for each, steps in caps if each]
            self.world.uses = uses.Uses(known, {1: frozenset({"r", "t"})}, ZONE)
        self.standing: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.kept = Counter[str]()

    def batch(self, rows: list[dict[str, Any]]) -> dict[int, str | None]:
        found: dict[int, str | None] = {}
        fit = []
        for line, row in enumerate(rows, 1):
            same = self._same(row)
            found[line] = (
                "duplicate"
                if self.standing.get((row["transaction_no"], row["kind"])) == same
                else self._alone(row)
            )
            if found[line] is None:
                fit.append(self._event(line, row))
        rulings = vouchers.judge(self.world, fit)
        for line, ruling in rulings.items():
            found[line] = ruling.reason
            if ruling.reason is None:
                row = rows[line - 1]
                self.standing[(row["transaction_no"], row["kind"])] = self._same(row)
                self.kept["subsidy"] += ruling.after_fen - ruling.before_fen
                self.kept["vouchers"] += ruling.vouchers
                self.kept["spent"] += ruling.spent
                self.kept["floor"] += (
                    _least_base(row) if ruling.floor_fen is None else ruling.floor_fen
                )
                self.kept["base"] += row["base_fen"] if row["kind"] == "pay" else -row["base_fen"]
        return found

    @staticmethod
    def _same(row: dict[str, Any]) -> tuple[Any, ...]:
        said = row["subsidy_fen"] if row["subsidy_fen"] is not None else _lawful(row)
        last = row["refund_of"] if row["kind"] == "refund" else said
        return (
            row["claim_no"],
            row["coupon_no"],
            row["merchant_no"],
            _moment(row),
            row["base_fen"],
            last,
        )

    @staticmethod
    def _alone(row: dict[str, Any]) -> str | None:
        at = _moment(row)
        claim = CLAIMS.get(row["claim_no"])
        claimed = START + claim[2] * HOUR if claim else None
        face = FACES.get(row["coupon_no"], (None, None, None))
        district = MERCHANTS.get(row["merchant_no"])
        return PAYMENTS.reason(
            {
                "kind": row["kind"],
                "paid_at": at,
                "latest_at": NOW,
                "base_fen": row["base_fen"],
                "stated_fen": row["subsidy_fen"],
                "lawful_fen": _lawful(row),
                "round_id": 1 if claim else None,
                "claimed_at": claimed,
                "expires_at": claimed + 24 * HOUR if claimed else None,
                "known_coupon_no": None if face[0] is None else row["coupon_no"],
                "threshold_fen": face[1],
                "most_base_fen": 6000 if row["coupon_no"] == 3 else None,
                "merchant_id": None if district is None else 1,
                "is_suspended": int(
                    row["merchant_no"] == "m2" and START + 5 * HOUR <= at < START + 6 * HOUR
                ),
                "is_in_scope": int(district == "in" and row["channel"] != "online"),
                "broken_detail": "other_goods" if row.get("goods") == "sofa" else "",
            }
        )

    @staticmethod
    def _event(line: int, row: dict[str, Any]) -> vouchers.Transaction:
        typed = _typed(row)
        claim_id, resident, delay = CLAIMS[row["claim_no"]]
        said = row["subsidy_fen"]
        if said is None and typed[1] == "pay":
            said = _lawful(row)
        return vouchers.Transaction(
            line=line,
            transaction_no=typed[0],
            kind=typed[1],
            claim_no=row["claim_no"],
            claim_id=claim_id,
            coupon_no=row["coupon_no"],
            resident=resident,
            merchant_id=list(MERCHANTS).index(row["merchant_no"]) + 1,
            merchant_no=row["merchant_no"],
            paid_at=typed[6],
            day=typed[7],
            base_fen=typed[8],
            merchant_discount_fen=0,
            subsidy_fen=said,
            least_base_fen=_least_base(row),
            refund_of=typed[11],
            expires_at=START + (delay + 24) * HOUR,
            stands=False,
            batch_id=1,
            round_id=1,
        )


def _store_batch(
    session: Session, batch_id: int, rows: list[dict[str, Any]]
) -> dict[int, str | None]:
    db = session.db
    db.execute(ADD_BATCH, (batch_id, "redemptions", str(batch_id)))
    incoming.expect(db, "redemptions", judging.CREATE_INCOMING)
    incoming.put(
        db,
        judging.ADD_INCOMING,
        [
            (line, batch_id, line, "[]", None, "{}", *_typed(row))
            for line, row in enumerate(rows, 1)
        ],
    )
    intake = Intake(
        session, db, KIND, SimpleNamespace(), batch_id, programmes.current(db, None), ZONE
    )
    KIND.judge(intake)
    KIND.accept(intake)
    return {row["line"]: row["reason"] for row in db.execute("SELECT line, reason FROM incoming")}


@settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    policy=st.sampled_from(["full_restores", "restores_once", "forfeits", "pro_rata"]),
    batches=BATCHES,
    has_uses=st.booleans(),
)
def test_law_and_store_give_every_redemption_the_same_ruling(
    policy: str, batches: list[list[dict[str, Any]]], has_uses: bool
) -> None:
    session = world(policy, with_claims=True, has_uses=has_uses)
    towns.book(session.db)
    db = session.db
    oracle = Oracle(policy, has_uses=has_uses)
    for number, rows in enumerate(batches, 1):
        assert _store_batch(session, 100 + number, rows) == oracle.batch(rows)
    assert tuple(db.execute(SUMS).fetchone()) == (
        oracle.kept["subsidy"],
        oracle.kept["vouchers"],
        oracle.kept["base"],
        oracle.kept["spent"],
        oracle.kept["floor"],
        0,
    )
    for name in (
        "no_voucher_redeemed_twice",
        "payments_within_validity",
        "refunds_within_payments",
        "splits_add_up",
        "facts_follow_their_split",
        "group_totals",
        "merchant_totals",
        "funder_totals",
    ):
        assert checks.CHECKS[name](db) == [], name


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=1, max_size=8))
def test_undoing_a_batch_leaves_no_trace_in_facts_and_totals(rows: list[dict[str, Any]]) -> None:
    session = world("full_restores", with_claims=True)
    towns.book(session.db)
    db = session.db
    first = _store_batch(session, 101, rows)
    KIND.undo(session, 101)
    for table in ("redemptions", "group_totals", "merchant_totals", "funder_totals"):
        assert db.execute("SELECT count(*) FROM " + table).fetchone()[0] == 0
    assert _store_batch(session, 102, rows) == first


# ---------------------------------------------------------------- limits of use, by plain counting

IN_TURN = st.lists(
    st.tuples(
        st.sampled_from(["a1", "a1", "a2", "b1"]),
        st.sampled_from([1, 2]),
        st.sampled_from(["m1", "m2"]),
        st.booleans(),  # whether it is refunded an hour later
    ),
    max_size=6,
)


@settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck))
@given(payments=IN_TURN, together=st.booleans())
def test_limits_of_use_allow_what_plain_counting_allows(
    payments: list[tuple[str, int, str, bool]], together: bool
) -> None:
    """Payments of 10.01 two hours apart, in the order of time, in one file or a file each."""
    rows, standing, right = [], [], []
    for number, (claim_no, coupon_no, merchant_no, is_refunded) in enumerate(payments):
        about = {
            "claim_no": claim_no,
            "coupon_no": coupon_no,
            "merchant_no": merchant_no,
            "base_fen": 4000,
            "subsidy_fen": 1001,
            "channel": "",
            "refund_of": str(number),
        }
        hours = 6 + 2 * number
        rows.append(about | {"transaction_no": str(number), "kind": "pay", "hours": hours})
        right.append(_plainly(standing, claim_no, coupon_no, merchant_no, hours))
        if is_refunded:
            back = {"transaction_no": f"r{number}", "kind": "refund", "hours": hours + 1}
            rows.append(about | back)
            right.append("refund_without_payment" if right[-1] else None)
        if right[-1 - is_refunded] is None:
            standing.append((claim_no, coupon_no, merchant_no, hours, is_refunded))
    session = world("full_restores", with_claims=True, has_uses=True)
    towns.book(session.db)
    files = [rows] if together else [[row] for row in rows]
    found = [
        reason
        for place, part in enumerate(files)
        if part
        for _, reason in sorted(_store_batch(session, 101 + place, part).items())
    ]
    assert found == right


def _plainly(
    standing: list[tuple[str, int, str, int, bool]],
    claim_no: str,
    coupon_no: int,
    merchant_no: str,
    hours: int,
) -> str | None:
    """Why a payment is refused: `standing` are those that were accepted before it, all of one
    week.
    """

    def day(at: int) -> int:
        return times.day_of(START + at * HOUR, ZONE)

    in_use = [each for each in standing if not each[4]]
    if any(each[:2] == (claim_no, coupon_no) for each in in_use):
        return "already_redeemed"
    visit = {
        each[:2]
        for each in standing
        if (each[0][0], each[2], day(each[3])) == (claim_no[0], merchant_no, day(hours))
    }
    if len(visit | {(claim_no, coupon_no)}) > 2:
        return "over_limit"
    own = [each for each in in_use if each[0][0] == claim_no[0]]
    today = [each for each in in_use if day(each[3]) == day(hours)]
    is_over = (
        len([each for each in today if each in own]) >= 2
        or len(own) >= 4
        or len([each for each in own if each[2] == merchant_no]) >= 2
        or len(own) + 1 > 3003 // 1001
        or len([each for each in today if each[2] == merchant_no]) + 1 > 3000 // 1001
    )
    return "over_use_limit" if is_over else None


# ---------------------------------------------------------------- refunds by columns

STAYS = {
    "voucher": {"full": "restores", "late": "forfeits", "partial": "forfeits"},
    "money": {"full": "returns", "late": "stays", "partial": "stays"},
}
# Payments with their refunds, as they come in real files: full in time and late, and in part.
STORY = st.fixed_dictionaries(
    {
        "number": st.integers(0, 6),
        "claim_no": st.sampled_from(["a1", "a1", "a2", "b1"]),
        "coupon_no": st.sampled_from([1, 1, 2]),
        "hours": st.integers(3, 20),
        "refunds": st.lists(
            st.tuples(
                st.sampled_from([0, 0, 1, 3, 30]),
                st.sampled_from([(4000, 1001), (4000, 1001), (4000, 0), (2000, 501), (2000, 0)]),
            ),
            max_size=2,
        ),
    }
)


def rows_of(stories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the stories, each with a second of its own: none is earlier by its line alone."""
    rows: list[dict[str, Any]] = []
    for story in stories:
        about = {"merchant_no": "m1", "channel": ""} | {
            name: story[name] for name in ("claim_no", "coupon_no")
        }
        number = str(story["number"])
        events = [("pay", number, 0, (4000, 1001))] + [
            ("refund", f"r{number}{place}", *refund)
            for place, refund in enumerate(story["refunds"])
        ]
        for kind, transaction_no, later, (base, subsidy) in events:
            rows.append(
                about
                | {
                    "transaction_no": transaction_no,
                    "kind": kind,
                    "hours": story["hours"] + later,
                    "second": len(rows),
                    "base_fen": base,
                    "subsidy_fen": subsidy,
                    "refund_of": number,
                }
            )
    return rows


def as_file(rows: list[dict[str, Any]]) -> str:
    """The rows in our own format."""
    lines = []
    for row in rows:
        number, kind, claim_no, coupon_no, merchant_no, _, at, *_, refund_of, _, _ = _typed(row)
        cells = (number, kind, claim_no, coupon_no, merchant_no, times.shown(at, ZONE))
        amounts = (money.yuan(row["base_fen"]), "0", money.yuan(row["subsidy_fen"]))
        lines.append(",".join(map(str, (*cells, *amounts, refund_of))))
    return towns.PAYMENTS + "\n".join(lines) + "\n"


def come_in(policy: Any, files: list[list[dict[str, Any]]], bytes_: int, lines: int) -> Any:
    """What imports of the files answer and leave, and what all facts sum up to."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", lines)
        patch.setattr(by_columns, "BYTES", bytes_)
        session = towns.in_folder(Path(folder), *town(policy, with_claims=True))._replace(now=NOW)
        with closing(session.db):
            answers = []
            for number, rows in enumerate(files):
                path = towns.write(Path(folder, f"{number}.csv"), as_file(rows))
                answers.append(import_redemptions(session, path).data)
            for name, check in checks.CHECKS.items():
                assert check(session.db) == [], name
            sums = tuple(session.db.execute(SUMS).fetchone())
        for answer in answers:
            answer["file"] = Path(answer["file"]).name
        return answers, left_by(session.path), sums


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    policy=st.sampled_from([*refunds.PRESETS, STAYS]),
    stories=st.lists(STORY, min_size=1, max_size=6),
    cut=st.integers(0, 8),
    lines=st.sampled_from([1, 3, 1000]),
)
def test_law_rows_and_columns_give_every_refund_the_same_ruling(
    policy: Any, stories: list[dict[str, Any]], cut: int, lines: int
) -> None:
    """Files whose full refunds are proved by columns, the same row by row, and the law."""
    pytest.importorskip("polars")
    rows = rows_of(stories)
    files = [part for part in (rows[:cut], rows[cut:]) if part]
    by_rows, proved = (come_in(policy, files, bytes_, lines) for bytes_ in (1 << 40, 0))
    assert proved == by_rows
    oracle = Oracle(policy)
    rejects = {(batch, line): reason for batch, line, reason, _ in proved[1]["rejects"]}
    for answer, part in zip(proved[0], files, strict=True):
        ruled = oracle.batch(part)
        assert answer["duplicate"] == [*ruled.values()].count("duplicate")
        for line, reason in ruled.items():
            assert rejects.get((answer["batch"], line + 1)) == (
                None if reason == "duplicate" else reason
            )
    names = ("subsidy", "vouchers", "base", "spent", "floor")
    assert proved[2][:5] == tuple(oracle.kept[name] for name in names)


# ---------------------------------------------------------------- claims

CLAIM = st.fixed_dictionaries(
    {
        "claim_no": st.sampled_from(["1", "2", "3", "4", "5", "6"]),
        "round": st.sampled_from(["r", "r", "r", "stated", "drawn", "draft", "nowhere"]),
        "resident": st.sampled_from([b"a" * 16, b"b" * 16, b"c" * 16]),
        "hours": st.integers(-1, 48),
        "application_no": st.sampled_from(["", "", "A", "B", "C"]),
        "ends": st.sampled_from([60, 60, 70]),  # of the round whose platform states ends
    }
)
# who applied for the round whose winners are handed on, and who won: b has c's telephone
APPLICANTS = {"A": b"a" * 16, "B": b"b" * 16}
HAVE_WON = {b"b" * 16, b"c" * 16}
HANDED = """
INSERT INTO rounds (round_id, programme_id, round, template_id, state, mode, packs, opens_at,
    closes_at, platform, per_resident, hands_winners, created_by, edited_by, created_at)
SELECT 9, programme_id, 'drawn', template_id, 'open', 'lottery', 4, opens_at, closes_at, 'wechat', 2,
    1, created_by, edited_by, created_at
FROM rounds WHERE round = 'r'
"""
# of whom a file is said to come: the draft is alipay's
PLATFORMS = {"draft": "alipay", "drawn": "wechat"}
SENDERS = [{}, *({"platform": name, "platforms": [name]} for name in ("alipay", "wechat"))]


STATED = """
INSERT INTO rounds (round_id, programme_id, round, template_id, state, mode, packs, opens_at,
    closes_at, platform, per_resident, created_by, edited_by, created_at)
SELECT 8, programme_id, 'stated', template_id, 'open', 'fcfs', 4, opens_at, closes_at, '', 2,
    created_by, edited_by, created_at
FROM rounds WHERE round = 'r'
"""


def end_of(row: dict[str, Any]) -> int | None:
    """The end that a row states, where its round's platform does."""
    return START + row["ends"] * HOUR if row["round"] == "stated" else None


def draw_by_hand(db: sqlite3.Connection) -> None:
    """The round `drawn` of a platform: a and b applied, b won, and is one person with c."""
    db.execute(HANDED)
    for number, resident in enumerate(APPLICANTS.values(), 1):
        db.execute(
            "INSERT INTO applications (application_id, round_id, application_no, resident,"
            " applied_at, line) VALUES (?, 9, ?, ?, ?, 0)",
            (number, [*APPLICANTS][number - 1], resident, START - HOUR),
        )
    for who in HAVE_WON:
        db.execute("INSERT INTO persons VALUES (9, ?, ?)", (who, min(HAVE_WON)))
    db.execute("DROP TRIGGER winners_are_drawn")
    db.execute("INSERT INTO winners VALUES (9, ?, 2)", (APPLICANTS["B"],))


def claimant(row: dict[str, Any]) -> bytes:
    """Who claims: of the drawn round whoever made the application that is named."""
    resident: bytes = row["resident"]
    is_drawn = row["round"] == "drawn"
    return APPLICANTS.get(row["application_no"], resident) if is_drawn else resident


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(
        st.tuples(st.sampled_from(SENDERS), st.lists(CLAIM, min_size=1, max_size=9)),
        min_size=1,
        max_size=3,
    )
)
def test_law_and_store_give_every_claim_the_same_ruling(
    batches: list[tuple[dict[str, Any], list[dict[str, Any]]]],
) -> None:
    session = world("full_restores")
    towns.book(session.db)
    db = session.db
    db.execute("UPDATE rounds SET platform = 'alipay' WHERE round = 'draft'")
    draw_by_hand(db)
    db.execute(STATED)
    rounds = {
        code: claim_law.ClaimRound(state, START, START + 48 * HOUR, 4, towns.limited(2))
        for code, state in (
            ("r", "open"),
            ("stated", "open"),
            ("draft", "draft"),
            ("drawn", "open"),
        )
    }
    granted = claim_law.GrantedPacks()
    for who in HAVE_WON:
        granted.persons["drawn", who] = sorted(HAVE_WON)
    for batch_id, (sender, rows) in enumerate(batches, 101):
        db.execute(ADD_BATCH, (batch_id, "claims", str(batch_id)))
        db.execute(
            "UPDATE batches SET options = ? WHERE batch_id = ?", (json.dumps(sender), batch_id)
        )
        incoming.expect(db, "claims", claims.CREATE_INCOMING)
        staged = [
            (
                line,
                batch_id,
                line,
                "[]",
                None,
                "{}",
                row["claim_no"],
                row["round"],
                claimant(row),
                START + row["hours"] * HOUR,
                row["application_no"],
                end_of(row),
            )
            for line, row in enumerate(rows, 1)
        ]
        incoming.put(db, claims.ADD_INCOMING, staged)
        claims.judge(db, 1, latest_at=NOW)
        claims.accept(db, lambda _round, at: at + 24 * HOUR)
        found = {
            row["line"]: row["reason"] for row in db.execute("SELECT line, reason FROM incoming")
        }
        law = [
            claim_law.Claim(
                line,
                row["claim_no"],
                row["round"],
                claimant(row),
                START + row["hours"] * HOUR,
                is_of_other_platform=PLATFORMS.get(row["round"])
                not in (None, *sender.get("platforms", [PLATFORMS.get(row["round"])])),
                is_winner=row["round"] != "drawn"
                or (claimant(row) in HAVE_WON and row["application_no"] in ("", *APPLICANTS)),
                ends_at=end_of(row),
            )
            for line, row in enumerate(rows, 1)
        ]
        assert found == claim_law.judge(rounds, law, granted, latest_at=NOW)
    for name in ("packs_within_quota", "claims_in_their_window", "claim_totals"):
        assert checks.CHECKS[name](db) == [], name
