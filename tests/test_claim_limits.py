"""Limits of claims by day, month, kind of pack and face, one of several, and the next only after
the last: by rows, by columns, live and from applications.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import towns

from vouchercli.ops.intake import by_columns

Town = Callable[..., Any]
PACKS = {"packs_per_resident_per_round": 9}
MONTH = "2020-05-01"


@pytest.fixture(params=["rows", "columns"])
def town(
    voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Town:
    """Rounds of three templates: `ap` of 100 yuan of the kind appliance, `gen` of 20 of the kind
    general, and `two` of two vouchers of 10, of no kind.
    """

    def build(*, per_resident: int = 9, is_here: bool = False, **most: Any) -> Any:
        key = f"claim limits: {per_resident}, {is_here}, {most}"
        once(key, lambda: lay_down(per_resident, most, is_here=is_here))
        monkeypatch.setenv("VOUCHER_NOW", "2020-04-30 09:00")
        monkeypatch.setattr(by_columns, "BYTES", 0 if request.param == "columns" else 1 << 30)
        return voucher

    def lay_down(per_resident: int, most: dict[str, Any], *, is_here: bool) -> None:
        monkeypatch.setenv("VOUCHER_NOW", "2020-03-26 08:00")
        packs = (
            towns.pack("ap", towns.coupon("100", "1000"), kind="appliance"),
            towns.pack("gen", towns.coupon("20", "50"), kind="general"),
            towns.pack("two", towns.coupon("10", "40", 2)),
        )
        document = towns.programme(
            staff={"chen": "maker", "lin": "checker"}, limits=PACKS | most, unused="pool"
        )
        towns.build(voucher, document, *packs, merchants="merchant_no,name\nM1,one\n")
        for code in ("a1", "a2", "g1", "g2", "t1", "t2"):
            template = {"a": "ap", "g": "gen", "t": "two"}[code[0]]
            options = ("--per-resident", str(per_resident))
            options += () if is_here else ("--platform", "alipay")
            towns.make_round(
                voucher, code, *options, template=template, state="open", closes=MONTH, maker="chen"
            )

    return build


def claims(voucher: Any, *rows: str, name: str = "c.csv") -> Any:
    """Import claims `NO round resident time`; what the file came to."""
    lines = "".join(",".join(row.split(maxsplit=3)) + "\n" for row in rows)
    return voucher(
        "claim", "import", towns.write(name, towns.CLAIMS + lines), "-o", "json", expect=None
    ).data


def pays(voucher: Any, *rows: str, name: str = "p.csv") -> Any:
    """Import payments of 1,000 yuan and refunds of all of it: `NO voucher time yuan [of]`."""
    lines = []
    for row in rows:
        number, used, at, off, *of = row.split()
        kind = "refund" if of else "pay"
        lines.append(f"{number},{kind},{used},M1,{at},1000,0,{off},{','.join(of)}\n")
    path = towns.write(name, towns.PAYMENTS + "".join(lines))
    return voucher("redemption", "import", path, "-o", "json", expect=None).data


def refused(voucher: Any, batch: int) -> str:
    """Why the rejects of a batch were refused, in words."""
    return str(voucher("batch", "rejects", str(batch), "-o", "csv").out)


def held() -> list[str]:
    return [row[0] for row in towns.ask(".", "SELECT claim_no FROM claims ORDER BY claim_no")]


def claims_of(most: dict[str, Any], town: Town, *rows: str) -> tuple[Any, Any]:
    voucher = town(**most)
    data = claims(voucher, *rows)
    voucher("check")
    return voucher, data


@pytest.mark.parametrize(
    ("most", "stand", "why"),
    [
        ({"packs_per_resident_per_day": 2}, "1 2 4 5 6", "already has 2 packs of that day"),
        ({"packs_per_resident_per_month": 3}, "1 2 3 6", "already has 3 packs of that month"),
        ({"packs_per_resident": {"appliance": 1}}, "1 2 4 6", "already has 1 packs of appliance"),
        ({"packs_per_resident": {"ap": 2, "general": 9}}, "1 2 3 4 6", "2 packs of ap"),
        ({"packs_per_resident_per_week": {"general": 1}}, "1 2 3 5 6", "general of that week"),
        ({"packs_per_resident_per_day": {"a1": 1}}, "1 2 4 5 6", "packs of a1 of that day"),
        ({"packs_per_resident_per_month": {"appliance": 2}}, "1 2 3 4 6", "of that month"),
        ({"one_of": [["a1", "g2"]]}, "1 2 5 6", "has a pack of a1, g2: one of these"),
        ({"one_of": ["ap", "general"]}, "1 6", "has a pack of ap, general"),
        (
            {"face_per_resident": {"per": "programme", "at_most": "240.00"}},
            "1 2 3 4 6",
            "more than 240.00 yuan of face",
        ),
        (
            {"face_per_resident": {"per": "day", "at_most": "120.00"}},
            "1 2 4 5 6",
            "more than 120.00 yuan of face of that day",
        ),
        (
            {"face_per_resident": [{"per": "week", "at_most": "220.00"}]},
            "1 2 3 5 6",
            "more than 220.00 yuan of face of that week",
        ),
        (
            {"face_per_resident": {"per": "month", "at_most": "99.99"}},
            "2 4",
            "more than 99.99 yuan of face of that month",
        ),
    ],
)
def test_each_limit_counts_what_it_names(
    town: Town, most: dict[str, Any], stand: str, why: str
) -> None:
    voucher, data = claims_of(
        most,
        town,
        "1 a1 ann 2020-04-01T09:00",
        "2 g1 ann 2020-04-01T10:00",
        "3 a1 ann 2020-04-01T11:00",
        "4 g2 ann 2020-04-05T23:59:59",
        "5 a2 ann 2020-04-06T00:00",
        "6 a1 bob 2020-04-06T00:00",
    )
    assert held() == stand.split()
    assert data["reasons"] == {"resident_limit": 6 - len(stand.split())}
    assert why in refused(voucher, data["batch"])


def test_what_came_in_another_file_counts_too(town: Town) -> None:
    voucher = town(one_of=[["a1", "a2"]], packs_per_resident={"general": 1})
    first = claims(voucher, "1 a1 ann 2020-04-01T09:00", "2 g1 bob 2020-04-01T09:00")["batch"]
    rows = ("3 a2 ann 2020-03-30T09:00", "4 g2 bob 2020-04-02T09:00", "5 g2 ann 2020-04-02T09:00")
    data = claims(voucher, *rows, name="d.csv")
    assert (data["accepted"], data["reasons"]) == (1, {"resident_limit": 2})  # what stands stays
    assert held() == ["1", "2", "5"]
    # once it is undone, the others have their places
    voucher("batch", "undo", str(first), "--yes")
    voucher("batch", "retry", str(data["batch"]))
    assert held() == ["3", "4", "5"]
    voucher("check")


WAIT = ("1 a1 ann 2020-04-01T09:00", "2 a2 ann 2020-04-03T09:00")


@pytest.mark.parametrize("rule", ["after_redeemed", "after_redeemed_or_expired"])
def test_the_next_pack_waits_for_the_last_to_be_used(town: Town, rule: str) -> None:
    voucher = town(next_claim=rule)
    data = claims(voucher, *WAIT, "3 a1 bob 2020-04-03T09:00")
    assert held() == ["1", "3"]
    assert "this resident has a pack that is n" in refused(voucher, data["batch"])
    # its payments come later: then the same row is lawful
    pays(voucher, "T1 1,1 2020-04-03T09:00:00 100")
    assert voucher("batch", "retry", str(data["batch"]), "-o", "json").data["accepted"] == 1
    assert held() == ["1", "2", "3"]
    voucher("check")


def test_a_payment_after_the_next_claim_does_not_help_it(town: Town) -> None:
    voucher = town(next_claim="after_redeemed")
    batch = claims(voucher, *WAIT)["batch"]
    pays(voucher, "T1 1,1 2020-04-03T09:00:01 100")
    voucher("batch", "retry", str(batch), expect=None)
    assert held() == ["1"]


@pytest.mark.parametrize(
    ("rule", "stand"), [("after_redeemed", ["1"]), ("after_redeemed_or_expired", ["1", "2"])]
)
def test_an_expired_pack_frees_the_next_one_where_the_rule_says_so(
    town: Town, rule: str, stand: list[str]
) -> None:
    voucher = town(next_claim=rule)
    claims(voucher, "1 a1 ann 2020-04-01T09:00", "2 a2 ann 2020-04-08T09:00")  # 7 days later
    assert held() == stand
    voucher("check")


def test_a_pack_is_used_when_all_of_its_vouchers_are(town: Town) -> None:
    voucher = town(next_claim={"two": "after_redeemed"})
    rows = ("1 t1 ann 2020-04-01T09:00", "2 t2 ann 2020-04-03T09:00", "3 a1 ann 2020-04-03T09:00")
    batch = claims(voucher, *rows)["batch"]
    assert held() == ["1", "3"]  # the rule is about `two` only
    pays(voucher, "T1 1,1 2020-04-02T09:00:00 10")
    voucher("batch", "retry", str(batch), expect=None)
    assert held() == ["1", "3"]
    pays(voucher, "T2 1,2 2020-04-02T10:00:00 10", name="q.csv")
    voucher("batch", "retry", str(batch))
    assert held() == ["1", "2", "3"]


def test_what_stands_stays_when_the_last_payment_is_refunded_or_undone(town: Town) -> None:
    voucher = town(next_claim="after_redeemed")
    claims(voucher, "1 a1 ann 2020-04-01T09:00")
    paid = pays(voucher, "T1 1,1 2020-04-02T09:00:00 100")["batch"]
    claims(voucher, "2 a2 ann 2020-04-03T09:00", name="d.csv")
    assert held() == ["1", "2"]
    refund = pays(voucher, "R1 1,1 2020-04-04T09:00:00 100 T1", name="r.csv")["batch"]
    # the first pack is whole again: the third waits for it
    claims(voucher, "3 a1 ann 2020-04-05T09:00", name="e.csv")
    assert held() == ["1", "2"]
    voucher("batch", "undo", str(refund))
    voucher("batch", "undo", str(paid))
    assert held() == ["1", "2"]
    voucher("check")


AGAIN = (
    "1 a1 ann 2020-04-01T09:00",  # expires on the 8th
    "2 a1 ann 2020-04-09T09:00",  # on the 16th
    "3 a1 ann 2020-04-17T09:00",  # on the 24th
    "4 a1 ann 2020-04-25T09:00",
)


@pytest.mark.parametrize("again", [1, 2])
@pytest.mark.parametrize(
    "most",
    [
        {},
        {"packs_per_resident": 1},
        {"one_of": [["a1", "g1"]]},
        {"packs_per_resident": {"appliance": 1}},
        {"face_per_resident": {"per": "month", "at_most": "100.00"}},
        {"next_claim": "after_redeemed"},
    ],
)
def test_packs_that_expired_unused_do_not_count_so_many_times(
    town: Town, most: dict[str, Any], again: int
) -> None:
    voucher = town(per_resident=9 if most else 1, again_after_expiry=again, **most)
    claims(voucher, *AGAIN)
    assert held() == ["1", "2", "3"][: again + 1]
    voucher("check")


def test_a_pack_of_which_a_voucher_was_used_counts_for_good(town: Town) -> None:
    voucher = town(per_resident=1, again_after_expiry=9)
    claims(voucher, "1 t1 ann 2020-04-01T09:00", "2 t2 ann 2020-04-01T09:00")
    pays(voucher, "T1 1,1 2020-04-02T09:00:00 10")
    claims(voucher, "3 t1 ann 2020-04-09T09:00", "4 t2 ann 2020-04-09T09:00", name="d.csv")
    assert held() == ["1", "2", "4"]
    # a payment that comes later takes nothing away
    pays(voucher, "T2 2,1 2020-04-02T09:00:00 10", name="q.csv")
    assert held() == ["1", "2", "4"]
    voucher("check")


@pytest.mark.parametrize(
    ("most", "later", "stand"),
    [
        ({"packs_per_resident_per_month": 1}, {}, ["1", "3"]),  # from the next first on, none
        ({}, {"one_of": [["a1", "a2"]]}, ["1", "2"]),
        ({}, {"face_per_resident": {"per": "day", "at_most": "100.00"}}, ["1", "2", "3"]),
        ({}, {"next_claim": "after_redeemed"}, ["1", "2"]),
    ],
)
def test_a_claim_is_held_to_what_was_in_force_when_it_was_made(
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    most: dict[str, Any],
    later: dict[str, Any],
    stand: list[str],
) -> None:
    voucher = town(**most)
    with monkeypatch.context() as patch:
        patch.setenv("VOUCHER_NOW", "2020-03-30 12:00")
        towns.change(voucher, maker="chen", limits=PACKS | later)
    rows = ("1 a1 ann 2020-03-30T09:00", "2 a1 ann 2020-03-30T11:00", "3 a2 ann 2020-04-01T13:00")
    claims(voucher, *rows)
    assert held() == stand
    voucher("check")


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ({"one_of": [["a1", "a2"]]}, ["2", "3"]),
        ({"packs_per_resident": {"appliance": 2}}, ["3"]),
        ({"face_per_resident": {"per": "programme", "at_most": "250.00"}}, ["3"]),
        ({"face_per_resident": {"per": "programme", "at_most": "50.00"}}, ["1", "2", "3"]),
        ({"next_claim": "after_redeemed"}, ["2", "3"]),
        ({"next_claim": "after_redeemed_or_expired"}, ["2"]),
    ],
)
def test_a_limit_from_before_now_says_what_stands_beyond_it(
    town: Town, later: dict[str, Any], said: list[str]
) -> None:
    voucher = town()
    rows = ("1 a1 ann 2020-04-01T09:00", "2 a1 ann 2020-04-02T11:00", "3 a2 ann 2020-04-20T13:00")
    claims(voucher, *rows)
    document = towns.write("p.yaml", _document(voucher, PACKS | later | {"from": "2020-03-28"}))
    voucher("programme", "load", document, "--actor", "chen", "--note", "as announced")
    told = voucher("programme", "approve", "--actor", "lin", expect=None)
    assert [number for number in "123" if f"claim {number}, " in told.err] == said
    voucher("check")


def _document(voucher: Any, limits: dict[str, Any]) -> dict[str, Any]:
    import json
    from pathlib import Path

    document: dict[str, Any] = json.loads(Path("programme.yaml").read_text("utf-8"))
    return document | {"limits": limits}


NOW = ("--now", "2020-04-01 09:00", "--actor", "chen")
LATER = ("--now", "2020-04-09 09:00", "--actor", "chen")


@pytest.mark.parametrize(
    ("most", "second"),
    [
        ({"one_of": [["a1", "g1"]]}, "g1"),
        ({"packs_per_resident": {"appliance": 1}}, "a2"),
        ({"face_per_resident": {"per": "day", "at_most": "110.00"}}, "g1"),
        ({"next_claim": "after_redeemed"}, "t1"),
    ],
)
def test_live_claims_follow_the_same_limits(town: Town, most: dict[str, Any], second: str) -> None:
    voucher = town(is_here=True, **most)
    voucher("claim", "grant", "a1", "ann", *NOW)
    assert "[resident_limit]" in voucher("claim", "grant", second, "ann", *NOW, expect=3).err
    voucher("claim", "grant", second, "bob", *NOW)


def test_applicants_with_a_pack_that_waits_are_passed_over(town: Town) -> None:
    voucher = town(is_here=True, next_claim="after_redeemed_or_expired")
    voucher("claim", "grant", "a1", "ann", *NOW)
    rows = "application_no,round,resident,applied_at\n"
    rows += "1,a2,ann,2020-04-02 09:00\n2,a2,bob,2020-04-02 09:00\n3,a2,ann,2020-04-08 09:00\n"
    voucher("application", "import", towns.write("a.csv", rows))
    data = voucher("round", "allocate", "a2", "-o", "json", "--actor", "chen").data
    assert (data["granted"], data["resident_limit"]) == (2, 1)
    voucher("check")


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"packs_per_resident": {}}, "too_few"),
        ({"packs_per_resident": {"a b": 1}}, "bad_code"),
        ({"packs_per_resident": {"a": 0}}, "bad_number"),
        ({"one_of": [["a"]]}, "too_few"),
        ({"one_of": [["a", "a"]]}, "named_twice"),
        ({"one_of": 3}, "wrong_type"),
        ({"face_per_resident": {"per": "year", "at_most": "1"}}, "not_a_choice"),
        ({"face_per_resident": {"at_most": "1"}}, "missing_key"),
        ({"face_per_resident": {"per": "day", "at_most": "0"}}, "bad_amount"),
        (
            {"face_per_resident": [{"per": "day", "at_most": "1"}, {"per": "day", "at_most": "2"}]},
            "named_twice",
        ),
        ({"next_claim": "later"}, "not_a_choice"),
        ({"again_after_expiry": 0}, "bad_number"),
    ],
)
def test_what_cannot_be_a_limit_is_refused(voucher: Any, limits: dict[str, Any], code: str) -> None:
    voucher("init")
    path = towns.write("p.yaml", towns.programme(limits=limits))
    assert f"[{code}]" in voucher("programme", "load", path, expect=3).err


def test_words_that_nothing_goes_by_are_said(voucher: Any) -> None:
    voucher("init")
    limits = {"packs_per_resident": {"genral": 1}, "one_of": ["x", "pack"]}
    path = towns.write("p.yaml", towns.programme(limits=limits))
    assert voucher("programme", "load", path).err.count("[unknown_word]") == 3
    voucher("template", "add", towns.write("pack.yaml", towns.pack(kind="general")))
    told = voucher(
        *("round", "create", "r1", "--template", "pack", "--packs", "9"),
        *("--opens-at", "2020-03-27 08:00"),
    )
    assert "[silent_limit]" in told.err
    assert "genral" in told.err


def test_limits_are_shown_with_what_they_mean(voucher: Any) -> None:
    voucher("init")
    limits = {
        "packs_per_resident": {"general": 10, "appliance": 3},
        "packs_per_resident_per_day": 2,
        "one_of": [["a", "b", "c"]],
        "face_per_resident": {"per": "month", "at_most": "100.00"},
        "next_claim": "after_redeemed",
        "again_after_expiry": 2,
    }
    voucher("programme", "load", towns.write("p.yaml", towns.programme(limits=limits)))
    shown = voucher("programme", "show").out
    for text in (
        "general 10, appliance 3",
        "Who has a pack of a may have none of b, c.",
        "A calendar month has at most 100.00 yuan of face.",
        "The next pack may be claimed when all vouchers of the last one are used",
        "for at most 2",
    ):
        assert text in " ".join(shown.split())
    data = voucher("programme", "show", "-o", "json").data["limits"]
    assert data["packs_per_resident"] == {"general": 10, "appliance": 3}
    assert data["face_per_resident"] == [{"per": "month", "at_most_fen": 10_000}]
    assert "每人每日份数" in voucher("programme", "show", "--lang", "zh").out
