"""Programmes: reading the YAML, loading, changing, showing."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import yamls
from vouchercli.rules import programme_changes, refunds
from vouchercli.rules import programmes as rules
from vouchercli.store import ledger
from vouchercli.store import programmes as store
from vouchercli.store.db import open_db

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran

SMALL: dict[str, Any] = {
    "programme": "small",
    "name": {"zh": "小县", "en": "Small"},
    "funders": {"treasury": {"kind": "public", "amount": "1000.00"}, "bank": {"kind": "platform"}},
}
SMALL_YAML = """programme: small
name: {zh: 小县, en: Small}
funders:
  treasury: {kind: public, amount: "1000.00"}
  bank: {kind: platform}
"""
# The sample of the design, to the letter.
DESIGN_YAML = """programme: hangzhou-2020
name: {zh: 杭州电子消费券, en: Hangzhou e-vouchers 2020}
issuer: {zh: 杭州市商务局, en: Hangzhou Municipal Bureau of Commerce}
time_zone: Asia/Shanghai
currency: CNY
funders:                                 # who pays; kind public | platform | merchant; amounts in yuan, text
  treasury: {kind: public, amount: "485000000.00"}
declared: {merchants: "1180000000.00"}   # shown, never added
limits: {packs_per_resident_per_round: 1, vouchers_per_payment: 1, vouchers_per_merchant_per_day: 2}
refunds: full_restores                   # full_restores | restores_once | forfeits | pro_rata
unused: next_round                       # next_round | pool | treasury
staff: [{name: chen, roles: [maker]}, {name: lin, roles: [checker]}]
approvals: [{up_to: "1000000.00", checkers: 1}, {checkers: 2}]
published:                               # what others printed
  - {as_of: "2020-04-02 16:00", rounds: [hz-1], subsidy: "94100000.00", base: "1246000000.00", gross: "13.24", source: CNS 2020-04-22}
"""


def faults(**changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """(path, code) of every fault of SMALL with these keys changed (None: taken out)."""
    document = {**copy.deepcopy(SMALL), **changes}
    programme, found = rules.read(
        {key: value for key, value in document.items() if value is not None}
    )
    assert (programme is None) == bool(found)
    return [(fault.path, fault.code) for fault in found]


# ---------------------------------------------------------------- the rules


def test_a_programme_is_read_with_its_usual_limits() -> None:
    programme, found = rules.read(SMALL)
    assert found == () and programme is not None
    assert programme.funders[0].amount_fen == 100_000
    assert programme.funders[1].amount_fen is None
    assert programme.limits == rules.Limits(1, 1, None)
    assert (programme.refunds, programme.unused, programme.time_zone) == (
        refunds.PRESETS["full_restores"],
        "next_round",
        "Asia/Shanghai",
    )
    assert programme.kinds == {"treasury": "public", "bank": "platform"}


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"programe": "x"}, ("programe",), "unknown_key"),
        ({"programme": None}, (), "missing_key"),
        ({"programme": "a b"}, ("programme",), "bad_code"),
        ({"name": ["小县"]}, ("name",), "wrong_type"),
        ({"name": None}, (), "missing_key"),
        ({"time_zone": "Asia/Hangzhou"}, ("time_zone",), "unknown_zone"),
        ({"currency": "USD"}, ("currency",), "other_currency"),
        ({"refunds": "maybe"}, ("refunds",), "not_a_choice"),
        ({"unused": 3}, ("unused",), "not_a_choice"),
        ({"funders": ["treasury"]}, ("funders",), "wrong_type"),
        ({"funders": {"t": {"amount": "1"}}}, ("funders", "t"), "missing_key"),
        (
            {"funders": {"t": {"kind": "public", "amount": "1.234"}}},
            ("funders", "t", "amount"),
            "bad_amount",
        ),
        (
            {"funders": {"t": {"kind": "public", "amount": -1}}},
            ("funders", "t", "amount"),
            "bad_amount",
        ),
        (
            {"funders": {"t": {"kind": "public", "amount": True}}},
            ("funders", "t", "amount"),
            "bad_amount",
        ),
        ({"funders": None}, (), "nobody_pays"),
        (
            {"funders": {"bank": {"kind": "platform"}}, "unused": "same_round"},
            ("unused",),
            "no_fund_to_release",
        ),
        (
            {"limits": {"vouchers_per_payment": 2}},
            ("limits", "vouchers_per_payment"),
            "one_voucher_a_payment",
        ),
        (
            {"limits": {"packs_per_resident_per_round": 0}},
            ("limits", "packs_per_resident_per_round"),
            "bad_number",
        ),
        (
            {"staff": [{"name": "chen", "roles": ["boss"]}]},
            ("staff", 0, "roles", 0),
            "not_a_choice",
        ),
        (
            {"staff": [{"name": "chen", "roles": []}, {"name": "chen", "roles": []}]},
            ("staff", 1, "name"),
            "named_twice",
        ),
        (
            {"approvals": [{"checkers": 1}, {"up_to": "5", "checkers": 1}]},
            ("approvals", 1),
            "bands_out_of_order",
        ),
        ({"published": [{"gross": 13.24}]}, ("published", 0, "gross"), "bad_ratio"),
        ({"published": [{"as_of": "2020-13-01"}]}, ("published", 0, "as_of"), "bad_time"),
        (
            {"published": [{"subsidy": "94.10", "base": "1246.00", "gross": "13.25"}]},
            ("published", 0, "gross"),
            "published_gross_differs",
        ),
    ],
)
def test_each_fault_is_found_at_its_place(
    changes: dict[str, Any], path: tuple[str | int, ...], code: str
) -> None:
    assert faults(**changes) == [(path, code)]


def test_every_fault_is_found_at_once() -> None:
    found = faults(
        programe="x", refunds="maybe", time_zone="Mars/Base", limits={"vouchers_per_payment": 2}
    )
    assert [code for _, code in found] == [
        "unknown_key",
        "unknown_zone",
        "one_voucher_a_payment",
        "not_a_choice",
    ]


def test_a_document_that_is_no_mapping_is_a_fault() -> None:
    for document in (None, "x", ["x"], 3):
        programme, found = rules.read(document)
        assert programme is None and found


def test_published_ratios_hold_to_the_decimals_they_were_printed_with() -> None:
    assert faults(published=[{"subsidy": "94.10", "base": "1246.00", "gross": "13.2"}]) == []
    assert faults(published=[{"subsidy": "94.10", "base": "1246.00", "gross": "13"}]) == []
    assert faults(published=[{"issued": "910000000.00", "gross": "8"}]) == []


def test_the_designs_own_sample_is_a_programme() -> None:
    programme, found = rules.read(yamls.parse(DESIGN_YAML, "sample.yaml").value)
    assert found == () and programme is not None
    assert programme.published[0].as_of_at == 1585814400
    # two checkers are asked for, lin is alone
    assert [fault.code for fault in rules.cautions(programme)] == ["too_few_checkers"]


# ---------------------------------------------------------------- what may change


def changed(**changes: Any) -> rules.Programme:
    programme, found = rules.read({**copy.deepcopy(SMALL), **changes})
    assert programme is not None, found
    return programme


def codes(after: rules.Programme, **in_use: Any) -> list[str]:
    return [
        fault.code
        for fault in programme_changes.obstacles(
            changed(), after, programme_changes.InUse(**in_use)
        )
    ]


def test_nothing_stands_in_the_way_before_anything_stands_on_it() -> None:
    free = {"uncommitted_fen": {"treasury": 100_000}}
    assert (
        codes(
            changed(time_zone="UTC", refunds="forfeits", funders={"other": {"kind": "public"}}),
            **free,
        )
        == []
    )


def test_what_stands_on_a_programme_is_not_pulled_away() -> None:
    assert codes(changed(time_zone="UTC"), has_claims=True) == ["time_zone_in_use"]
    assert codes(changed(refunds="forfeits"), has_redemptions=True) == ["refunds_in_use"]
    assert codes(
        changed(funders={"bank": {"kind": "platform"}}), paying=frozenset({"treasury"})
    ) == ["funder_in_use"]
    kind = {**SMALL["funders"], "treasury": {"kind": "platform", "amount": "1000.00"}}
    assert codes(changed(funders=kind), paying=frozenset({"treasury"})) == ["funder_in_use"]
    watched = {**SMALL["funders"], "bank": {"kind": "platform", "amount": "5.00"}}
    assert codes(changed(funders=watched), promised=frozenset({"bank"})) == ["funder_in_use"]


def test_a_fund_gives_back_only_what_is_uncommitted() -> None:
    lowered = changed(
        funders={"treasury": {"kind": "public", "amount": "400.00"}, "bank": {"kind": "platform"}}
    )
    assert codes(lowered, uncommitted_fen={"treasury": 60_000}) == []
    assert codes(lowered, uncommitted_fen={"treasury": 59_999}) == ["fund_committed"]


# ---------------------------------------------------------------- the ledger


@pytest.fixture
def small(tmp_path: Path) -> sqlite3.Connection:
    """A file with the programme `small` and 1,000 yuan uncommitted."""
    db = open_db(tmp_path / "x.db", create=True)
    programme_id = store.save(db, changed(), SMALL, "digest", 0)
    ledger.post(
        db,
        store.funders(db, programme_id)[0]["funder_id"],
        None,
        "appropriated",
        "uncommitted",
        100_000,
        "test",
        0,
    )
    return db


def test_postings_make_balances(small: sqlite3.Connection) -> None:
    funder_id = store.funders(small, 1)[0]["funder_id"]
    ledger.post(small, funder_id, None, "uncommitted", "committed", 30_000, "test", 1)
    assert ledger.balance(small, funder_id, "uncommitted") == 70_000
    assert ledger.balance(small, funder_id, "committed") == 30_000
    assert ledger.balance(small, funder_id, "committed", round_id=1) == 0
    assert ledger.balance(small, funder_id, "appropriated") == -100_000


def test_a_short_fund_refuses_the_posting(small: sqlite3.Connection) -> None:
    funder_id = store.funders(small, 1)[0]["funder_id"]
    with pytest.raises(VoucherError) as caught:
        ledger.post(small, funder_id, None, "uncommitted", "committed", 100_001, "test", 1)
    assert caught.value.code == "fund_short"
    assert (
        "1,000.00" in str(caught.value)
        and "1,000.01" in str(caught.value)
        and "0.01" in str(caught.value)
    )
    ledger.post(small, funder_id, None, "uncommitted", "committed", 100_000, "test", 1)
    assert ledger.balance(small, funder_id, "uncommitted") == 0


def test_nothing_is_posted_for_nothing(small: sqlite3.Connection) -> None:
    ledger.post(small, 1, None, "uncommitted", "committed", 0, "test", 1)
    assert small.execute("SELECT count(*) FROM postings").fetchone()[0] == 1


# ---------------------------------------------------------------- the commands


@pytest.fixture
def loaded(voucher: Callable[..., Ran], here: Path, once: Once) -> None:
    """A file with the programme `small`, from small.yaml."""

    def build() -> None:
        (here / "small.yaml").write_text(SMALL_YAML, "utf-8")
        voucher("init")
        voucher("programme", "load", "small.yaml")

    once("small", build)


def rewrite(here: Path, old: str, new: str) -> None:
    """Change small.yaml."""
    text = (here / "small.yaml").read_text("utf-8")
    assert old in text
    (here / "small.yaml").write_text(text.replace(old, new), "utf-8")


def committed(path: Path, fen: int) -> None:
    """Commit money of the treasury, as an approval does."""
    db = open_db(path)
    ledger.post(db, 1, None, "uncommitted", "committed", fen, "test", 0)
    db.close()


def test_load_posts_the_fund_and_says_what_is_next(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    ran = voucher("programme", "load", "hangzhou-2020")
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "programme hangzhou-2020 is loaded",
        "next: voucher template list --shipped, then voucher template add NAME",
    ]
    data = voucher("programme", "show", "-o", "json").data
    assert data["funders"] == [
        {
            "funder": "treasury",
            "kind": "public",
            "amount_fen": 48_500_000_000,
            "uncommitted_fen": 48_500_000_000,
            "committed_fen": 0,
            "returned_fen": 0,
        }
    ]
    assert data["declared"] == [{"what": "merchants", "amount_fen": 118_000_000_000}]
    assert data["published"][1] == {
        "what": "phase I",
        "as_of": "2020-04-02T16:00:00+08:00",
        "rounds": ["hz-1", "hz-1-topup"],
        "issued_fen": None,
        "subsidy_fen": 9_410_000_000,
        "base_fen": 124_600_000_000,
        "gross": "13.24",
        "own_spend": "12.24",
        "source": "China News Service 2020-04-22",
        "lost_fen": None,
        "days_to_payment": None,
    }


def test_what_has_no_funders_has_published_figures_only(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    document = {key: SMALL[key] for key in ("programme", "name")}
    document["published"] = [{"subsidy": "94.10", "base": "1246.00", "gross": "13.2"}]
    towns.write("figures.yaml", document)
    for turn in ("loaded", "changed"):
        assert voucher("programme", "load", "figures.yaml").err.splitlines() == [
            f"programme small is {turn}",
            "it has published figures only: voucher programme show small",
        ]
        document["name"] = {"zh": "别的小县", "en": "Other"}
        towns.write("figures.yaml", document)


def test_the_same_file_again_changes_nothing(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    rewrite(here, "programme: small", "# a comment\nprogramme:   small")
    ran = voucher("programme", "load", "small.yaml", "-o", "json")
    assert ran.data["result"] == "unchanged"
    db = open_db(here / "voucher.db")
    assert db.execute("SELECT count(*) FROM postings").fetchone()[0] == 1
    assert db.execute("SELECT count(*) FROM audit WHERE deed = 'programme.load'").fetchone()[0] == 1


def test_a_changed_fund_is_posted_by_its_difference_and_logged(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    rewrite(here, "1000.00", "1500.00")
    assert voucher("programme", "load", "small.yaml").err.startswith("programme small is changed\n")
    rewrite(here, "1500.00", "200.00")
    voucher("programme", "load", "small.yaml")
    assert (
        voucher("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"] == 20_000
    )
    db = open_db(here / "voucher.db")
    moves = db.execute(
        "SELECT from_account, to_account, amount_fen FROM postings ORDER BY posting_id"
    ).fetchall()
    assert [tuple(row) for row in moves] == [
        ("appropriated", "uncommitted", 100_000),
        ("appropriated", "uncommitted", 50_000),
        ("uncommitted", "appropriated", 130_000),
    ]
    detail = db.execute("SELECT detail FROM audit ORDER BY audit_id DESC").fetchone()[0]
    assert '"amount":"1500.00"' in detail and '"amount":"200.00"' in detail


def test_a_fund_below_what_is_committed_is_refused(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    committed(here / "voucher.db", 70_000)
    rewrite(here, "1000.00", "600.00")
    ran = voucher("programme", "load", "small.yaml", expect=3)
    assert (
        "small.yaml:4:36: error: the fund of treasury cannot be lowered by 400.00 yuan: only 300.00"
        " are uncommitted" in ran.err
    )
    assert 'write at least "700.00"' in ran.err
    assert voucher("programme", "show", "-o", "json").data["funders"][0]["amount_fen"] == 100_000


def test_a_funder_in_the_books_cannot_be_taken_out(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    rewrite(here, '  treasury: {kind: public, amount: "1000.00"}\n', "")
    ran = voucher("programme", "load", "small.yaml", "-o", "json", expect=3)
    assert [problem["code"] for problem in ran.json["problems"]] == [
        "programme_in_use",
        "funder_in_use",
    ]


def test_a_funder_that_paid_nothing_yet_can_be_taken_out(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    rewrite(here, "  bank: {kind: platform}\n", "")
    voucher("programme", "load", "small.yaml")
    assert [
        fund["funder"] for fund in voucher("programme", "show", "-o", "json").data["funders"]
    ] == ["treasury"]


def test_a_dry_run_writes_nothing(voucher: Callable[..., Ran], here: Path) -> None:
    (here / "small.yaml").write_text(SMALL_YAML, "utf-8")
    voucher("init")
    assert (
        "nothing was written (--dry-run)"
        in voucher("programme", "load", "small.yaml", "--dry-run").err
    )
    assert voucher("programme", "list", "-o", "json").data == {"programmes": [], "more": False}


def test_a_faulty_file_says_every_fault_at_its_place(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    rewrite(here, "kind: public", "kind: publc")
    rewrite(here, "programme: small", "programme: small\nrefund: forfeits")
    ran = voucher("programme", "load", "small.yaml", expect=3)
    assert ran.out == ""
    assert (
        "small.yaml:2:1: error: there is no key refund here [unknown_key]\n  next: did you mean"
        " refunds?" in ran.err
    )
    assert "small.yaml:5:20: error: publc is not allowed here [not_a_choice]" in ran.err
    assert "did you mean public?" in ran.err


def test_an_unknown_name_is_refused_with_the_nearest(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    ran = voucher("programme", "load", "hangzou-2020", expect=3)
    assert "[unknown_config]" in ran.err and "hangzhou-2020" in ran.err


def test_show_without_a_programme_says_how_to_load_one(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    ran = voucher("programme", "show", expect=3)
    assert ran.err.splitlines() == [
        "error: no programme is loaded yet [no_programme]",
        "  next: voucher programme list --shipped",
    ]


def test_several_programmes_need_a_choice(voucher: Callable[..., Ran], loaded: None) -> None:
    voucher("programme", "load", "hangzhou-2009")
    voucher("programme", "load", "beijing-2020")
    assert "[which_programme]" in voucher("programme", "show", expect=3).err
    assert voucher("programme", "show", "hangzhou-2009", "-o", "json").data["funders"] == []
    assert (
        voucher("programme", "show", "--programme", "small", "-o", "json").data["programme"]
        == "small"
    )
    assert "did you mean small?" in voucher("programme", "show", "smal", expect=3).err


def test_show_speaks_both_languages_and_csv(voucher: Callable[..., Ran], loaded: None) -> None:
    assert "Funds of small" in voucher("programme", "show").out
    assert "small 的资金" in voucher("programme", "show", "--lang", "zh").out
    assert "treasury,public,1000.00,1000.00,0.00" in voucher("programme", "show", "-o", "csv").out


def test_list_names_what_is_loaded_and_what_can_be(
    voucher: Callable[..., Ran], loaded: None
) -> None:
    assert [
        row["programme"] for row in voucher("programme", "list", "-o", "json").data["programmes"]
    ] == ["small"]
    assert "small" in voucher("programme", "list").out
    shipped = [
        row["programme"]
        for row in voucher("programme", "list", "--shipped", "-o", "json").data["shipped"]
    ]
    assert {"beijing-2020", "county-example", "hangzhou-2020"} <= set(shipped)
    assert shipped == sorted(shipped)


def test_list_of_an_empty_file_says_what_to_do(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    ran = voucher("programme", "list")
    assert (ran.out, ran.err) == (
        "",
        "no programme is loaded yet; next: voucher programme list --shipped\n",
    )


def test_list_without_a_database_is_refused(voucher: Callable[..., Ran]) -> None:
    assert "[no_database]" in voucher("programme", "list", expect=3).err


def test_time_zone_and_refunds_are_held_by_the_facts(
    voucher: Callable[..., Ran], loaded: None, here: Path
) -> None:
    db = open_db(here / "voucher.db")
    db.executescript("""
        INSERT INTO templates (template_id, template, version, digest, document, pack_value_fen,
            floor_spend_fen, coupons, added_at)
        VALUES (1, 't', 1, '', '{"funding": {"treasury": "50%", "bank": "50%"}}', 1000, 4000, 1, 0);
        INSERT INTO rounds (round_id, programme_id, round, template_id, state, mode, packs,
            opens_at, closes_at, per_resident,
                            created_by, edited_by, created_at) VALUES (1, 1, 'r', 1, 'open',
                                'fcfs', 9, 0, 9, 1, '', '', 0);
        INSERT INTO batches (batch_id, kind, programme_id, file, sha256, profile, profile_json,
            encoding, header, state, read, accepted,
                             duplicate, rejected, warnings, actor, imported_at)
        VALUES (1, 'claims', 1, '', '', '', '', '', '', 'done', 0, 0, 0, 0, 0, '', 0);
        UPDATE rounds SET claimed = 1;
        INSERT INTO claims (claim_no, round_id, resident, pack_no, claimed_at, expires_at,
            batch_id, line)
        VALUES ('c', 1, x'00', 1, 0, 9, 1, 1);
    """)
    in_use = store.in_use(db, 1)
    assert (in_use.has_claims, in_use.has_redemptions) == (True, False)
    assert in_use.promised == {"treasury", "bank"}
    assert in_use.paying == {"treasury"}
    db.close()
    rewrite(here, "programme: small", "programme: small\ntime_zone: UTC")
    rewrite(here, "bank: {kind: platform}", 'bank: {kind: platform, amount: "5.00"}')
    ran = voucher("programme", "load", "small.yaml", "-o", "json", expect=3)
    assert [problem["code"] for problem in ran.json["problems"]] == [
        "programme_in_use",
        "time_zone_in_use",
        "funder_in_use",
    ]
