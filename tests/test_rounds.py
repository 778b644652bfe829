"""Rounds from draft to close: what is drafted, what is refused, what a plan foresees, what
golden.yaml says they cost.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
import yaml
from hypothesis import given
from hypothesis import strategies as st
from towns import OPENS

from vouchercli.rules import rounds as law
from vouchercli.rules import templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

GOLDEN = yaml.safe_load((Path(__file__).parent / "cases/golden.yaml").read_text("utf-8"))
KEYS = {
    "round",
    "programme",
    "state",
    "template",
    "version",
    "mode",
    "packs",
    "pack_value_fen",
    "quota_fen",
    "opens_at",
    "closes_at",
    "registration_opens_at",
    "platform",
    "group",
    "per_resident",
    "revision",
    "created_by",
    "edited_by",
    "claimed",
    "committed",
    "approvals",
}


PROGRAMME = towns.programme(
    "hz-2020",
    funds={"treasury": "485000000.00"},
    staff={"chen": "maker", "lin": "checker", "wu": "checker"},
    one_checker_up_to="100000000.00",
)
UNIVERSAL = "universal-5x10"


@pytest.fixture(autouse=True)
def actor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not named is chen, the maker."""
    monkeypatch.setenv("VOUCHER_ACTOR", "chen")


@pytest.fixture
def city(voucher: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """A programme like Hangzhou's is loaded and has the universal pack; one checker is enough up to
    100 million.
    """
    once("Hangzhou", lambda: towns.build(voucher, PROGRAMME, towns.pack(UNIVERSAL)))
    return voucher


@pytest.fixture
def draft(city: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """... and the draft of hz-1, made by chen."""
    terms: dict[str, Any] = {"template": UNIVERSAL, "packs": 2_000_000, "maker": "chen"}
    once("Hangzhou with a draft", lambda: towns.draft(city, "hz-1", **terms))
    return city


@pytest.fixture
def approved(draft: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """... and hz-1 is approved by lin."""

    def build() -> None:
        draft("round", "submit", "hz-1", "--actor", "chen")
        draft("round", "approve", "hz-1", "--actor", "lin")

    once("Hangzhou with a round", build)
    return draft


def create(voucher: Callable[..., Ran], code: str, *options: str, **terms: Any) -> Ran:
    """What the draft of a round answers that the login makes."""
    terms = {"template": UNIVERSAL, "maker": None} | terms
    ran: Ran = towns.draft(voucher, code, *options, "-o", "json", **terms)
    return ran


def read_refusal(ran: Ran) -> dict[str, Any]:
    """The first problem of a refusal in JSON; nothing else was said."""
    assert ran.json["status"] == "refused"
    assert ran.json["data"] is None
    assert ran.err == ""
    problem: dict[str, Any] = ran.json["problems"][0]
    return problem


def pack(coupons: list[list[int]]) -> templates.Template:
    """A template of [count, denomination, threshold] in yuan, paid by a treasury."""
    lines = [
        {"count": n, "kind": "amount_off", "denomination": str(face), "threshold": str(least)}
        for n, face, least in coupons
    ]
    template, faults = templates.read(
        {
            "template": "t",
            "name": {"en": "t"},
            "coupons": lines,
            "validity": {"days_after_claim": 7},
            "funding": {"treasury": "100%"},
        }
    )
    assert template is not None, faults
    return template


def claim_some(packs: int, code: str = "hz-1") -> None:
    """As if packs had been claimed (imports are tested elsewhere)."""
    towns.by_hand(".", f"UPDATE rounds SET claimed = {packs} WHERE round = '{code}'")


def read_audit_details(what: str) -> list[dict[str, Any]]:
    """The details of the audit lines of one action, without the digest of the facts."""
    statement = "SELECT json_remove(detail, '$.facts') FROM audit WHERE deed = ? ORDER BY audit_id"
    return [json.loads(detail) for (detail,) in towns.ask(".", statement, what)]


# ---------------------------------------------------------------- golden figures


@pytest.mark.parametrize("golden", GOLDEN["quotas"], ids=lambda golden: golden["what"])
def test_a_round_costs_at_most_what_was_published(golden: dict[str, Any]) -> None:
    template = pack(golden["coupons"])
    assert templates.pack_value_fen(template) == golden["pack_value"] * 100
    assert law.liability(golden["packs"], template) == (("treasury", golden["quota"] * 100),)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 10**6)), min_size=1, max_size=6),
    st.integers(1, 9_998),
    st.integers(1, 10**7),
)
def test_liability_loses_no_fen_between_funders(
    coupons: list[tuple[int, int]], first_bp: int, packs: int
) -> None:
    lines = [
        {"count": n, "kind": "amount_off", "denomination": f"{fen / 100:.2f}", "threshold": "20000"}
        for n, fen in coupons
    ]
    shares = {"a": f"{first_bp / 100:.2f}%", "b": "0.01%", "c": f"{(9_999 - first_bp) / 100:.2f}%"}
    template, faults = templates.read(
        {
            "template": "t",
            "name": {"en": "t"},
            "coupons": lines,
            "validity": "calendar_month",
            "funding": shares,
        }
    )
    assert template is not None, faults
    parts = law.liability(packs, template)
    assert sum(amount for _, amount in parts) == packs * templates.pack_value_fen(template)
    assert all(amount >= 0 for _, amount in parts)


# ---------------------------------------------------------------- create


def test_a_round_is_drafted_with_sensible_defaults(city: Callable[..., Ran]) -> None:
    data = create(city, "hz-1", packs=2000000).data
    assert set(data) >= KEYS
    assert (data["state"], data["mode"], data["per_resident"], data["revision"]) == (
        "draft",
        "fcfs",
        1,
        1,
    )
    assert (data["opens_at"], data["closes_at"]) == (
        "2020-03-27T08:00:00+08:00",
        "2020-04-03T08:00:00+08:00",
    )
    assert data["quota_fen"] == 100_000_000_00
    assert data["committed"] == []
    assert data["approvals"] == []


def test_drafting_tells_what_comes_next(city: Callable[..., Ran]) -> None:
    ran = towns.draft(city, "hz-1", template=f"{UNIVERSAL}@1", maker=None)
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "drafted hz-1: 10 packs of universal-5x10@1, 500.00 yuan at most",
        "claims count from 2020-03-27 08:00:00 to 2020-04-03 08:00:00",
        "next: voucher round plan hz-1, then voucher round submit hz-1",
    ]


def test_a_bare_closing_date_means_its_end(city: Callable[..., Ran]) -> None:
    assert (
        create(city, "a", "--closes-at", "2020-03-29").data["closes_at"]
        == "2020-03-30T00:00:00+08:00"
    )


def test_a_round_closes_unless_said_when_the_first_voucher_expires(
    city: Callable[..., Ran],
) -> None:
    month = towns.pack("month", validity="calendar_month")
    fixed = towns.pack("fixed", validity={"until": "2020-04-05 20:00"})
    city("template", "add", towns.write("month.yaml", month))
    city("template", "add", towns.write("fixed.yaml", fixed))
    for template, closing in (
        ("month", "2020-04-01T00:00:00+08:00"),
        ("fixed", "2020-04-05T20:00:00+08:00"),
    ):
        ran = create(city, template, template=template)
        assert ran.data["closes_at"] == closing
    ran = create(city, "late", template="fixed", closes="2020-04-06", expect=3)
    assert read_refusal(ran)["code"] == "closes_after_validity"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--closes-at", "2020-03-27 07:59"], "closes_before_opening"),
        (["--closes-at", "2020-03-27 08:00"], "closes_before_opening"),
        (["--registration-opens", OPENS], "registration_too_late"),
        (["--per-resident", "2"], "above_limit"),
    ],
)
def test_terms_that_do_not_fit_are_refused(
    city: Callable[..., Ran], options: list[str], code: str
) -> None:
    assert read_refusal(create(city, "hz-1", *options, expect=3))["code"] == code
    assert city("round", "list", "-o", "json").data["rounds"] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--mode", "raffle"], "unknown_mode"),
        (["--template", "universal-5x10@x"], "bad_version"),
        (["--template", "universal-5x10@"], "bad_version"),
        (["--closes-at", "tomorrow"], "bad_time_option"),
        (["--packs", "0"], "usage"),
    ],
)
def test_a_slip_of_the_keyboard_is_a_usage_error(
    city: Callable[..., Ran], options: list[str], code: str
) -> None:
    assert read_refusal(create(city, "hz-1", *options, expect=2))["code"] == code


def test_an_unknown_template_names_the_nearest(city: Callable[..., Ran]) -> None:
    problem = read_refusal(create(city, "hz-1", "--template", "universal-5x1", expect=3))
    assert problem["code"] == "unknown_template"
    assert "universal-5x10" in problem["message"]


def test_a_template_paid_by_strangers_is_refused_with_every_fault(city: Callable[..., Ran]) -> None:
    shares = {"funding": {"treasury": "50%", "district": "50%"}, "match": {"treasury": "100%"}}
    city("template", "add", towns.write("odd.yaml", towns.pack("odd", **shares)))
    ran = create(city, "a", template="odd", expect=3)
    assert read_refusal(ran)["code"] == "foreign_funding"
    assert [problem["code"] for problem in ran.json["problems"][1:]] == [
        "unknown_funder",
        "unknown_funder",
    ]
    assert "district" in ran.json["problems"][1]["message"]


@pytest.mark.parametrize(
    ("code", "suggestion"),
    [
        ("第1期", "use 1"),
        ("hz 1", "use hz-1"),
        ("ＨＺ—１", "use HZ-1"),
        ("期", "use round-1"),
    ],
)
def test_a_bad_code_is_refused_with_a_good_one(
    city: Callable[..., Ran], code: str, suggestion: str
) -> None:
    problem = read_refusal(create(city, code, expect=3))
    assert (problem["code"], problem["hint"]) == ("bad_round_code", suggestion)


@given(st.text(max_size=60))
def test_every_suggested_code_is_lawful(text: str) -> None:
    assert law.is_code(law.suggested_code(text))


def test_a_code_is_taken_once_whatever_its_case(draft: Callable[..., Ran]) -> None:
    assert read_refusal(create(draft, "HZ-1", expect=3))["code"] == "round_exists"


def test_a_dry_run_drafts_nothing(city: Callable[..., Ran]) -> None:
    ran = towns.draft(city, "hz-1", "--dry-run", template=UNIVERSAL, maker=None)
    assert ran.err.splitlines()[-1] == "dry run: nothing was written"
    assert city("round", "list", "-o", "json").data["rounds"] == []


def test_an_opening_that_has_passed_is_pointed_out(city: Callable[..., Ran]) -> None:
    ran = create(city, "old", opens="2020-03-01")
    assert [problem["code"] for problem in ran.json["problems"]] == ["opening_past"]


# ---------------------------------------------------------------- list, show


def test_the_list_goes_by_opening(draft: Callable[..., Ran]) -> None:
    create(draft, "hz-0", opens="2020-03-25")
    assert [row["round"] for row in draft("round", "list", "-o", "json").data["rounds"]] == [
        "hz-0",
        "hz-1",
    ]
    assert (
        draft("round", "list", "-o", "csv").out.splitlines()[2]
        == "hz-1,draft,universal-5x10@1,2000000,0,2020-03-27T08:00:00+08:00,2020-04-03T08:00:00+08:00,"
    )


def test_an_empty_list_says_how_to_begin(city: Callable[..., Ran]) -> None:
    assert "voucher round create" in city("round", "list").err


def test_without_a_programme_there_are_no_rounds(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    ran = voucher("round", "list", expect=3)
    assert ran.out == ""
    assert "[no_programme]" in ran.err


def test_show_has_terms_money_and_approvals(approved: Callable[..., Ran]) -> None:
    data = approved("round", "show", "hz-1", "-o", "json").data
    assert set(data) >= KEYS
    assert (
        data["committed"]
        == data["liability"]
        == [{"funder": "treasury", "amount_fen": 100_000_000_00}]
    )
    assert [(line["verdict"], line["actor"]) for line in data["approvals"]] == [
        ("submit", "chen"),
        ("approve", "lin"),
    ]
    table = approved("round", "show", "hz-1").out
    assert "2,000,000 x 50.00 = 100,000,000.00" in table
    assert "lin" in table


def test_show_speaks_chinese(approved: Callable[..., Ran]) -> None:
    table = approved("round", "show", "hz-1", "--lang", "zh").out
    assert "期次 hz-1：已批准，先到先得" in table
    assert "审批记录" in table


def test_an_unknown_round_names_the_nearest(draft: Callable[..., Ran]) -> None:
    ran = draft("round", "show", "HZ1", expect=3)
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "error: there is no round HZ1; did you mean hz-1? [unknown_round]",
        "  next: voucher round list",
    ]


# ---------------------------------------------------------------- edit, copy


def test_an_edit_before_opening_voids_approvals_and_frees_the_money(
    approved: Callable[..., Ran],
) -> None:
    data = approved(
        "round", "edit", "hz-1", "--packs", "1000000", "--actor", "wu", "-o", "json"
    ).data
    assert (data["state"], data["revision"], data["edited_by"], data["created_by"]) == (
        "draft",
        2,
        "wu",
        "chen",
    )
    assert (data["packs"], data["closes_at"], data["committed"]) == (
        1_000_000,
        "2020-04-03T08:00:00+08:00",
        [],
    )
    funds = approved("programme", "show", "-o", "json").data["funders"]
    assert funds[0]["uncommitted_fen"] == 485_000_000_00
    assert read_audit_details("round.edit") == [
        {
            "revision": 2,
            "before": {
                "state": "approved",
                "packs": 2_000_000,
                "committed": {"treasury": 100_000_000_00},
            },
            "after": {"state": "draft", "packs": 1_000_000},
        }
    ]


def test_an_edit_that_changes_nothing_keeps_the_approvals(approved: Callable[..., Ran]) -> None:
    ran = approved("round", "edit", "hz-1", "--packs", "2000000", "-o", "json")
    assert (ran.data["state"], ran.data["revision"]) == ("approved", 1)
    assert read_audit_details("round.edit") == []


def test_an_edit_says_what_to_change_and_never_an_open_round(approved: Callable[..., Ran]) -> None:
    assert (
        read_refusal(approved("round", "edit", "hz-1", "-o", "json", expect=2))["code"]
        == "nothing_to_edit"
    )
    approved("round", "open", "hz-1", "--now", OPENS)
    ran = approved("round", "edit", "hz-1", "--packs", "5", expect=3)
    assert ran.err.splitlines() == [
        (
            "error: round hz-1 is open: edit is not possible now (possible: close, cancel, pause,"
            " top-up, reduce, reschedule, extend, replace) [wrong_state]"
        ),
        "  next: voucher round top-up hz-1 --packs N, voucher round reschedule hz-1 --closes-at"
        " TIME, or for other terms: voucher round copy hz-1 NEW --opens-at TIME",
    ]


def test_an_edited_round_keeps_its_template_version(draft: Callable[..., Ran]) -> None:
    changed = towns.pack(UNIVERSAL, towns.coupon("10", "40", 4))
    draft("template", "add", towns.write("new.yaml", changed))
    assert draft("round", "edit", "hz-1", "--packs", "7", "-o", "json").data["version"] == 1
    data = draft("round", "edit", "hz-1", "--template", "universal-5x10", "-o", "json").data
    assert (data["version"], data["pack_value_fen"]) == (2, 40_00)


def test_the_next_round_is_copied_with_its_length(draft: Callable[..., Ran]) -> None:
    draft(
        "round",
        "edit",
        "hz-1",
        "--closes-at",
        "2020-03-29 08:00",
        "--registration-opens",
        "2020-03-26 08:00",
        "--platform",
        "alipay",
    )
    data = draft(
        "round",
        "copy",
        "hz-1",
        "hz-5",
        "--opens-at",
        "2020-04-20 20:00",
        "--packs",
        "1500000",
        "-o",
        "json",
    ).data
    assert (data["round"], data["state"], data["packs"], data["platform"]) == (
        "hz-5",
        "draft",
        1_500_000,
        "alipay",
    )
    assert data["closes_at"] == "2020-04-22T20:00:00+08:00"
    assert data["registration_opens_at"] == "2020-04-19T20:00:00+08:00"
    assert read_audit_details("round.create")[-1]["copied_from"] == "hz-1"


def test_a_copy_needs_a_free_code(draft: Callable[..., Ran]) -> None:
    ran = draft("round", "copy", "hz-1", "hz-1", "--opens-at", "2020-04-20", "-o", "json", expect=3)
    assert read_refusal(ran)["code"] == "round_exists"


# ---------------------------------------------------------------- open, close, cancel


def test_an_approved_round_opens_at_its_time(approved: Callable[..., Ran]) -> None:
    ran = approved("round", "open", "hz-1", "--now", OPENS)
    assert ran.out == ""
    assert (
        ran.err.splitlines()[0]
        == "opened hz-1: claims count from 2020-03-27 08:00:00 to 2020-04-03 08:00:00"
    )
    assert approved("round", "show", "hz-1", "-o", "json").data["state"] == "open"


def test_opening_early_needs_a_yes_and_moves_no_time(approved: Callable[..., Ran]) -> None:
    problem = read_refusal(approved("round", "open", "hz-1", "-o", "json", expect=3))
    assert problem["code"] == "too_early"
    assert "--yes" in problem["hint"]
    data = approved("round", "open", "hz-1", "--yes", "-o", "json").data
    assert (data["state"], data["opens_at"]) == ("open", "2020-03-27T08:00:00+08:00")


def test_opening_after_the_end_is_pointed_out(approved: Callable[..., Ran]) -> None:
    ran = approved("round", "open", "hz-1", "--now", "2020-05-01", "-o", "json")
    assert (ran.data["state"], ran.json["problems"][0]["code"]) == ("open", "round_over")


def test_a_draft_cannot_be_opened(draft: Callable[..., Ran]) -> None:
    ran = draft("round", "open", "hz-1", "--now", OPENS, expect=3)
    assert ran.err.splitlines() == [
        (
            "error: round hz-1 is draft: open is not possible now (possible: submit, edit, cancel)"
            " [wrong_state]"
        ),
        "  next: voucher round submit hz-1",
    ]


def test_a_round_closes_after_its_time_and_only_once(approved: Callable[..., Ran]) -> None:
    approved("round", "open", "hz-1", "--now", OPENS)
    data = approved("round", "close", "hz-1", "--now", "2020-04-04", "-o", "json").data
    assert (data["state"], data["closes_at"]) == ("closed", "2020-04-03T08:00:00+08:00")
    ran = approved("round", "close", "hz-1", expect=3)
    assert ran.err.splitlines() == [
        "error: round hz-1 is already closed [wrong_state]",
        "  next: voucher round show hz-1",
    ]


def test_closing_early_is_proposed_and_ends_claiming_when_a_second_person_approves(
    approved: Callable[..., Ran],
) -> None:
    approved("round", "open", "hz-1", "--now", OPENS)
    assert (
        read_refusal(
            approved("round", "close", "hz-1", "--now", "2020-03-28", "-o", "json", expect=3)
        )["code"]
        == "too_early"
    )
    data = approved(
        "round", "close", "hz-1", "--now", "2020-03-28", "--yes", "--actor", "chen", "-o", "json"
    ).data
    assert (data["state"], data["amendments"][-1]["state"]) == ("open", "proposed")
    data = approved(
        "round", "approve", "hz-1", "--actor", "lin", "--now", "2020-03-28 02:00", "-o", "json"
    ).data
    assert (data["state"], data["closes_at"]) == ("closed", "2020-03-28T02:00:00+08:00")


def test_a_sold_out_round_closes_without_a_question(approved: Callable[..., Ran]) -> None:
    approved("round", "open", "hz-1", "--now", OPENS)
    claim_some(2_000_000)
    assert (
        approved("round", "close", "hz-1", "--now", "2020-03-28", "-o", "json").data["state"]
        == "closed"
    )


def test_cancelling_frees_the_money(approved: Callable[..., Ran]) -> None:
    approved("round", "cancel", "hz-1", "--note", "no money", "--actor", "chen")
    ran = approved("round", "approve", "hz-1", "--actor", "wu", "-o", "json")
    assert (ran.data["state"], ran.data["committed"]) == ("cancelled", [])
    assert (
        approved("programme", "show", "-o", "json").data["funders"][0]["uncommitted_fen"]
        == 485_000_000_00
    )
    assert read_audit_details("round.cancel")[0]["before"] == {
        "state": "approved",
        "committed": {"treasury": 100_000_000_00},
    }
    ran = approved("round", "open", "hz-1", expect=3)
    assert "nothing more can be done with it" in ran.err


def test_a_round_with_claims_cannot_be_cancelled(approved: Callable[..., Ran]) -> None:
    approved("round", "open", "hz-1", "--now", OPENS)
    claim_some(3)
    ran = approved("round", "cancel", "hz-1", expect=3)
    assert ran.out == ""
    assert ran.err.splitlines() == [
        (
            "error: 3 packs of round hz-1 are claimed: it can be closed, not cancelled"
            " [round_has_claims]"
        ),
        "  next: voucher round close hz-1",
    ]
    assert approved("round", "show", "hz-1", "-o", "json").data["state"] == "open"


def test_no_way_on_is_named_that_would_be_refused(approved: Callable[..., Ran]) -> None:
    approved("round", "open", "hz-1", "--now", OPENS)
    claim_some(3)
    ran = approved("round", "edit", "hz-1", "--packs", "5", "--now", OPENS, expect=3)
    assert "(possible: close, pause, top-up, reduce, reschedule, extend, replace)" in ran.err
    after = "2020-05-01"
    approved("round", "close", "hz-1", "--now", after)
    ran = approved("round", "top-up", "hz-1", "--packs", "5", "--now", after, expect=3)
    assert ran.err.splitlines() == [
        "error: round hz-1 is closed: top-up is not possible now (possible: settle, reopen, extend) [wrong_state]",
        "  next: voucher round copy hz-1 NEW --opens-at TIME; or, if it was closed by mistake:"
        " voucher round reopen hz-1",
    ]


def test_a_round_is_ordered_until_it_closes(voucher: Callable[..., Ran]) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "p1", "--platform", "alipay", closes=towns.CLOSES, state="approved")
    for now, is_ordered in (("2020-03-29 07:59:59", True), (towns.CLOSES, False)):
        ran = voucher("round", "submit", "p1", "--now", now, expect=3)
        possible = ran.err.partition("(possible: ")[2].partition(")")[0].split(", ")
        assert ("order" in possible) is is_ordered


def test_no_hint_says_cancel(approved: Callable[..., Ran]) -> None:
    approved("round", "open", "hz-1", "--now", OPENS)
    after = "2020-05-01"
    approved("round", "close", "hz-1", "--now", after)
    for words in (("edit", "hz-1", "--packs", "5"), ("top-up", "hz-1", "--packs", "5")):
        ran = approved("round", *words, "--now", after, expect=3)
        assert "(possible: settle, cancel, reopen, extend)" in ran.err
        assert ran.err.splitlines()[1] == (
            "  next: voucher round copy hz-1 NEW --opens-at TIME; or, if it was closed by mistake:"
            " voucher round reopen hz-1"
        )
    ran = approved("claim", "grant", "hz-1", "330102199001010012", "--now", after, expect=3)
    assert ran.err.splitlines()[1] == "  next: voucher round show hz-1"


@pytest.mark.parametrize("words", [["submit"], ["edit", "--packs", "5"], ["cancel"]])
def test_a_dry_run_changes_no_round(draft: Callable[..., Ran], words: list[str]) -> None:
    before = draft("round", "show", "hz-1", "-o", "json").data
    ran = draft("round", words[0], "hz-1", *words[1:], "--dry-run", "-o", "json")
    assert ran.data != before
    assert draft("round", "show", "hz-1", "-o", "json").data == before


# ---------------------------------------------------------------- the law by itself


def test_every_state_but_the_last_ones_has_a_way_on() -> None:
    assert {state: law.list_possible(state) for state in law.STATES} == {
        "draft": ("submit", "edit", "cancel"),
        "submitted": ("approve", "reject", "edit", "cancel"),
        "approved": ("open", "edit", "cancel", "top-up", "reschedule", "order"),
        "open": (
            "close",
            "cancel",
            "pause",
            "top-up",
            "reduce",
            "reschedule",
            "order",
            "extend",
            "replace",
        ),
        "paused": (
            "resume",
            "close",
            "cancel",
            "top-up",
            "reduce",
            "reschedule",
            "extend",
            "replace",
        ),
        "closed": ("settle", "cancel", "top-up", "reopen", "extend"),
        "settled": ("reopen",),
        "archived": (),
        "cancelled": (),
    }


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (law.RoundFacts(is_platforms=True), ()),
        (law.RoundFacts(is_platforms=True, is_claimed=True), ("cancel",)),
        (law.RoundFacts(is_platforms=True, is_over=True), ("order", "replace")),
        (law.RoundFacts(), ("order",)),
        (law.RoundFacts(is_platforms=True, is_fixed=True), ("top-up", "reduce")),
        (law.RoundFacts(is_platforms=True, is_used_up=True), ("reduce", "replace")),
    ],
)
def test_what_would_be_refused_anyway_is_not_possible(
    facts: law.RoundFacts, missing: tuple[str, ...]
) -> None:
    for state in ("approved", "open"):
        allowed = law.list_possible(state)
        assert law.list_possible(state, facts) == tuple(
            action for action in allowed if action not in missing
        )


# ---------------------------------------------------------------- large rounds are seen early


def test_a_round_beyond_its_fund_is_pointed_out_from_the_draft_on(
    voucher: Callable[..., Ran],
) -> None:
    towns.build(
        voucher,
        towns.programme(
            funds={"treasury": "10000.00"},
            staff={"chen": "maker", "lin": "checker", "wu": "checker"},
            one_checker_up_to="1000.00",
        ),
        towns.pack(),
    )
    lacks = "warning: treasury is short of 1,234,500.00 yuan: the round cannot be approved"
    terms = ("--template", "pack", "--packs", "24890", "--opens-at", towns.OPENS)
    for words in (
        ("create", "big", *terms),
        ("submit", "big"),
        ("approve", "big", "--actor", "lin"),
    ):
        assert lacks in voucher("round", *words).err
    refused = voucher("round", "approve", "big", "--actor", "wu", expect=3).err
    assert (
        "treasury has 10,000.00 yuan uncommitted; 1,244,500.00 yuan are needed, 1,234,500.00 yuan"
        " are missing"
    ) in refused
    assert "short of" not in voucher("round", "edit", "big", "--packs", "200").err


@pytest.mark.parametrize(("typed", "state"), [("n\n", "submitted"), ("y\n", "approved")])
def test_at_a_terminal_an_approval_shows_what_waits_and_asks(
    city: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, typed: str, state: str
) -> None:
    towns.make_round(
        city, "hz-1", template=UNIVERSAL, packs=20_000, maker="chen", state="submitted"
    )
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    asked = city("round", "approve", "hz-1", "--actor", "lin", expect=None)
    assert asked.err.startswith(
        "hz-1: 20,000 packs of universal-5x10@1, 1,000,000.00 yuan at most; claims count from"
        " 2020-03-27 08:00:00 to 2020-04-03 08:00:00\nApprove it? [y/N]"
    )
    assert towns.ask(".", "SELECT state FROM rounds") == [(state,)]
    if state == "approved":
        city("round", "top-up", "hz-1", "--packs", "5000", "--note", "liked")
        monkeypatch.setattr("sys.stdin", Terminal("n\n"))
        asked = city("round", "approve", "hz-1", "--actor", "lin", expect=None)
        assert asked.err.startswith("hz-1, top-up: 20,000 → 25,000\nApprove it? [y/N]")
        city("round", "approve", "hz-1", "--actor", "lin", "--yes")
        assert towns.ask(".", "SELECT packs FROM rounds") == [(25_000,)]


class Terminal(io.StringIO):
    """What is typed at a terminal."""

    def isatty(self) -> bool:
        return True


# ---------------------------------------------------------------- limited by money


def test_a_budget_is_as_many_packs_as_it_can_pay(city: Callable[..., Ran]) -> None:
    words = ("round", "create", "b1", "--template", UNIVERSAL, "--opens-at", "2020-03-27 08:00")
    value = city("template", "show", UNIVERSAL, "-o", "json").data["pack_value_fen"]
    yuan = f"{(7 * value + value - 1) / 100:.2f}"
    assert "packs_and_budget" in city(*words, "--budget", yuan, "--packs", "7", expect=2).err
    assert "budget_too_small" in city(*words, "--budget", "0.01", expect=2).err
    assert "no_packs" in city(*words, expect=2).err
    assert city(*words, "--budget", yuan, "-o", "json").data["packs"] == 7
    city("round", "edit", "b1", "--budget", f"{3 * value / 100:.2f}")
    assert city("round", "show", "b1", "-o", "json").data["packs"] == 3


@pytest.mark.parametrize(
    ("options", "is_warned"),
    [
        (["--mode", "lottery", "--platform", "app"], True),
        (["--mode", "lottery"], False),
        (["--platform", "app"], False),
    ],
)
def test_a_lottery_that_a_platform_issues_is_said_to_be_drawn_there(
    city: Callable[..., Ran], options: list[str], is_warned: bool
) -> None:
    towns.draft(city, "hz-1", *options, template=f"{UNIVERSAL}@1", maker=None)
    ran = city("round", "copy", "hz-1", "hz-2", "--opens-at", "2020-05-01 08:00")
    warned = "round hz-2 is drawn by app: it cannot be drawn here, and no claim is refused"
    assert (warned in ran.err, "[drawn_elsewhere]" in ran.err) == (is_warned, is_warned)
    assert ran.code == 0
