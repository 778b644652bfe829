"""Two arms in one draw: the winners are shared out between two rounds, evenly within strata, by the
seed of the draw alone.
"""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import given
from hypothesis import strategies as st
from towns import OPENS

from vouchercli.ops.intake import by_columns
from vouchercli.ops.lottery import draws as ops
from vouchercli.rules import canonical, draws
from vouchercli.rules.arms import Arm, Arms, offset, read_within, share_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

SEED = bytes(range(32))
LATE = "2020-03-25 20:00"
AFTER = "2020-03-27 12:00"
HANDED = ("--mode", "lottery", "--platform", "alipay", "--drawn", "here")
session = partial(towns.session, Path("voucher.db"), "mei", 1584666000)  # on 20 March


# ---------------------------------------------------------------- the law


@given(
    kinds=st.lists(st.sampled_from(["a", "b", "c", "甲"]), max_size=60),
    places=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.text("0123456789abcdef", min_size=4, max_size=4),
    within=st.sampled_from([(), ("district",)]),
)
def test_each_stratum_has_its_shares_to_within_one(
    kinds: list[str], places: tuple[int, int], seed: str, within: tuple[str, ...]
) -> None:
    entrants = [draws.Entrant(f"A{n:03d}", kind) for n, kind in enumerate(kinds)]
    whole = sum(places)
    won = draws.draw(entrants, seed, whole).winners
    arms = Arms(within, (Arm("x", places[0]), Arm("y", places[1])))
    first, second = share_out(won, reversed(entrants), seed, arms)
    assert sorted((*first, *second)) == sorted(won)  # each winner once
    assert (len(first) <= places[0], len(second) <= places[1]) == (True, True)
    kind_of = {each.application_no: each.district if within else "" for each in entrants}
    for shared, own in ((first, places[0]), (second, places[1])):
        counts = Counter(kind_of[no] for no in shared)
        for kind, of_all in Counter(kind_of[no] for no in won).items():
            assert abs(counts[kind] - Fraction(of_all * own, whole)) < 1


def test_every_winner_has_the_same_chance_of_an_arm() -> None:
    entrants = [draws.Entrant(f"A{n}", "ab"[n % 2]) for n in range(5)]
    arms = Arms(("district",), (Arm("x", 1), Arm("y", 2)))
    counts: Counter[str] = Counter()
    for n in range(3000):
        counts.update(share_out([f"A{n}" for n in range(5)], entrants, f"seed{n}", arms)[0])
    assert all(900 < count < 1100 for count in counts.values())


def test_the_sharing_by_hand() -> None:
    # printf %s 's:arms' | sha256sum, of which the first 12 digits modulo 3; tickets as ever
    assert offset("s", 3) == int(draws.sha256("s:arms")[:12], 16) % 3
    assert [read_within(text) for text in ("", "group, district", "district")] == [
        (),
        ("district", "group"),
        ("district",),
    ]
    for text in ("street", "district,district"):
        with pytest.raises(ValueError, match=text):
            read_within(text)


# ---------------------------------------------------------------- by command


@pytest.fixture
def town(city: Callable[..., Any], once: Once) -> Callable[..., Ran]:
    """A town with the lottery a1 (6 packs) and its second arm a2 (3 packs of another template),
    both approved; 24 have applied, from three districts.
    """
    voucher: Callable[..., Ran] = city(with_claims=False)

    def build() -> None:
        make(voucher)
        apply(voucher)

    once("two arms", build)
    return voucher


def make(voucher: Callable[..., Ran], *options: str, within: str | None = "district") -> None:
    options = options or ("--mode", "lottery")
    towns.make_round(voucher, "a1", *options, packs=6, closes="2020-03-29 08:00")
    voucher("template", "add", towns.write("large.yaml", towns.pack("large")))
    towns.make_round(voucher, "a2", "--arm-of", "a1", template="large", packs=3)
    with session() as each:
        ops.commit_seed(each, "a1", seed=SEED, registration_closes_at=towns.at(LATE), within=within)


def apply(voucher: Callable[..., Ran]) -> None:
    rows = [f"A{n:02d},a1,R{n},2020-03-21 08:00:{n},{'东西南'[n % 3]},\n" for n in range(10, 34)]
    header = "application_no,round,resident,applied_at,district,device\n"
    towns.write("applications.csv", header + "".join(rows))
    voucher("application", "import", "applications.csv", "--now", "2020-03-22 08:00")


def run(voucher: Callable[..., Ran]) -> dict[str, Any]:
    """Draw at the opening; gives the certificate."""
    for code in ("a1", "a2"):
        voucher("round", "open", code, "--now", OPENS)
    voucher("draw", "run", "a1", "--to", "out", "--now", OPENS)
    document: dict[str, Any] = json.loads(Path("out/town-a1-certificate.json").read_text("utf-8"))
    return document


def verify(voucher: Callable[..., Ran], expect: int = 0) -> Ran:
    return voucher(
        *("draw", "verify", "out/town-a1-certificate.json"),
        *("--entrants", "out/town-a1-entrants.csv"),
        expect=expect,
    )


def test_winners_have_packs_of_their_own_arm(town: Callable[..., Ran]) -> None:
    document = run(town)
    arms = {each["round"]: each["winners"] for each in document["arms"]["rounds"]}
    assert (len(arms["a1"]), len(arms["a2"])) == (6, 3)
    assert document["places"] == 9
    for code, winners in arms.items():
        listed = town("application", "list", "--round", "a1", "-o", "json").data["applications"]
        assert {
            each["application_no"] for each in listed if (each["claim_no"] or "")[:2] == code
        } == {*winners}
    ran = verify(town)
    assert "6 winners in a1, 3 in a2" in ran.out + ran.err
    shown = town("draw", "show", "a1", "--application", arms["a2"][0], "-o", "json").data
    assert shown["application"]["won_in"] == "a2"
    assert [(each["round"], each["winners"]) for each in shown["arms"]] == [("a1", 6), ("a2", 3)]
    assert "[arm_of_another]" in town("draw", "show", "a2", expect=3).err
    assert town("round", "show", "a2", "-o", "json").data["drawn_with"] == "a1"
    town("check", "--now", AFTER)


def test_the_tick_draws_both_arms_by_the_seed_of_the_first(town: Callable[..., Ran]) -> None:
    ran = town("schedule", "tick", "--now", OPENS, "-o", "json")
    done = [
        (each["deed"], each["subject"]) for each in ran.data["deeds"] if each["subject"] in "a1 a2"
    ]
    assert done == [("open", "a1"), ("open", "a2"), ("draw", "a1")]
    town("check", "--now", OPENS)


def test_the_tick_waits_for_the_opening_of_the_second_arm(town: Callable[..., Ran]) -> None:
    town("round", "reschedule", "a2", "--opens-at", "2020-03-27 10:00", "--now", LATE)
    town("round", "approve", "a2", "--actor", "lin", "--now", LATE)
    done = [
        (each["deed"], each["subject"])
        for now in (OPENS, "2020-03-27 10:00")
        for each in town("schedule", "tick", "--now", now, "-o", "json").data["deeds"]
        if each["subject"] in "a1 a2"
    ]
    assert done == [("open", "a1"), ("open", "a2"), ("draw", "a1")]


def test_arms_of_a_platform_each_have_their_order(city: Callable[..., Any]) -> None:
    voucher = city(with_claims=False)
    make(voucher, *HANDED)
    apply(voucher)
    voucher("draw", "run", "a1", "--to", "out", "--now", LATE)
    for code in ("a1", "a2"):
        voucher("round", "order", code, "--now", LATE)
        voucher("round", "open", code, "--now", OPENS)
    lists = {
        code: Path(f"outbox/alipay/town-{code}-order-1-winners.csv").read_text().split()[1:]
        for code in ("a1", "a2")
    }
    assert [len(each) for each in lists.values()] == [6, 3]
    assert not {*lists["a1"]} & {*lists["a2"]}
    rows = [
        f"{code}-{no},{code},user-{no},2020-03-27 09:00:00,{no}\n"
        for code in ("a1", "a2")
        for no in (*lists["a1"], *lists["a2"])
    ]
    path = towns.write(
        "c.csv", "claim_no,round,resident,claimed_at,application_no\n" + "".join(rows)
    )
    ran = voucher("claim", "import", path, "-o", "json", "--now", AFTER, expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (9, {"not_a_winner": 9})
    verify(voucher)
    voucher("check", "--now", AFTER)


def test_a_person_has_won_in_one_arm_under_each_of_its_tokens(city: Callable[..., Any]) -> None:
    voucher = city(with_claims=False)
    make(voucher, *HANDED)
    apply(voucher)
    rows = [
        f"B{n},a1,S{n},2020-03-22 09:00:00,东,d{n}\nC{n},a1,R{n},2020-03-22 09:00:01,东,d{n}\n"
        for n in range(10, 34)
    ]  # everybody has a second telephone
    header = "application_no,round,resident,applied_at,district,device\n"
    voucher(
        "application", "import", towns.write("b.csv", header + "".join(rows)), "--now", "2020-03-23"
    )
    voucher("draw", "run", "a1", "--now", LATE)
    for code in ("a1", "a2"):
        voucher("round", "open", code, "--now", OPENS)
    claims = [
        f"{code}-{n}{who},{code},{who}{n},2020-03-27 09:00:00\n"
        for code in ("a1", "a2")
        for who in "SR"
        for n in range(10, 34)
    ]
    path = towns.write("c.csv", towns.CLAIMS + "".join(claims))
    ran = voucher("claim", "import", path, "-o", "json", "--now", AFTER, expect=4)
    assert ran.data["accepted"] == 9
    assert ran.data["reasons"] == {"not_a_winner": 78, "resident_limit": 7, "over_quota": 2}
    voucher("check", "--now", AFTER)
    voucher("key", "rotate", "--yes", "--note", "a clerk left", "--actor", "mei", "--now", AFTER)
    voucher("check", "--now", AFTER)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda arms: arms["rounds"].reverse(), "arms_wrong"),
        (lambda arms: arms["rounds"][0].update(places=5), "arms_wrong"),
        (
            lambda arms: arms["rounds"][1]["winners"].append(arms["rounds"][0]["winners"].pop()),
            "arms_wrong",
        ),
        (lambda arms: arms.update(within=[]), "draw_counts_wrong"),
        (lambda arms: arms.update(more=1), "certificate_keys"),
        (lambda arms: arms["rounds"][0].update(more=1), "certificate_keys"),
        (lambda arms: arms["rounds"].pop(), "bad_certificate"),
    ],
)
def test_another_sharing_is_found(
    town: Callable[..., Ran], spoil: Callable[[dict[str, Any]], Any], code: str
) -> None:
    document = run(town)
    spoil(document["arms"])
    document["sha256"] = canonical.own_digest(document)
    Path("out/town-a1-certificate.json").write_text(canonical.text(document) + "\n", "utf-8")
    ran = verify(town, expect=3 if code == "bad_certificate" else 5)
    assert f"[{code}]" in ran.err


def test_what_cannot_be_an_arm_is_refused(town: Callable[..., Ran]) -> None:
    arm = partial(towns.draft, town, template="large")
    assert "[two_arms]" in arm("a3", "--arm-of", "a1", expect=3).err
    assert "[no_lead]" in arm("a3", "--arm-of", "a2", expect=3).err
    assert "[no_lead]" in arm("a3", "--arm-of", "r1", expect=3).err
    arm("b1", "--mode", "lottery")
    assert "[arms_differ]" in arm("b2", "--arm-of", "b1", "--mode", "fcfs", expect=3).err
    assert "[arms_differ]" in arm("b2", "--arm-of", "b1", "--group", "x", expect=3).err
    assert "[no_lead]" in town("round", "edit", "b1", "--arm-of", "b1", expect=3).err
    arm("b2", "--mode", "lottery")
    town("round", "edit", "b2", "--arm-of", "b1")
    assert "[no_lead]" in town("round", "edit", "b1", "--arm-of", "b2", expect=3).err
    town("round", "edit", "b2", "--arm-of", "")
    assert town("round", "show", "b2", "-o", "json").data["drawn_with"] is None
    copied = town("round", "copy", "a2", "a4", "--opens-at", "2020-05-01 08:00")
    assert "drawn_with" not in copied.err
    assert "[no_arm]" in town("draw", "commit", "b1", "--within", "group", "--yes", expect=3).err
    assert "[bad_within]" in town("draw", "commit", "a1", "--within", "street", expect=2).err
    assert "[draw_terms_stand]" in town("draw", "commit", "a1", "--within", "group", expect=3).err
    assert "[arm_stands]" in town("round", "cancel", "a2", "--note", "x", expect=3).err


def test_places_of_both_arms_stand_once_the_list_is_out(town: Callable[..., Ran]) -> None:
    town("draw", "entrants", "a1", "--now", LATE)
    for words in (
        ("edit", "a2", "--packs", "4"),
        ("top-up", "a2", "--packs", "1"),
        ("reduce", "a2", "--packs", "1", "--note", "x"),
    ):
        refused = town("round", *words, "--actor", "mei", "--now", LATE, expect=3)
        assert "[entrants_published]" in refused.err or "[wrong_state]" in refused.err
    run(town)
    refused = town("round", "top-up", "a2", "--packs", "1", "--now", AFTER, expect=3)
    assert "[round_drawn]" in refused.err


def test_an_arm_that_is_not_open_holds_the_draw_up(town: Callable[..., Ran]) -> None:
    town("round", "open", "a1", "--now", OPENS)
    refused = town("draw", "run", "a1", "--now", OPENS, expect=3)
    assert "round a2 is approved" in refused.err


@pytest.mark.parametrize("bytes_", [1 << 40, 0], ids=["by rows", "by columns"])
def test_nobody_applies_for_the_second_arm(
    town: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    rows = "B1,a2,S1,2020-03-22 09:00:00\nB2,a1,S2,2020-03-22 09:00:00\n"
    path = towns.write("b.csv", "application_no,round,resident,applied_at\n" + rows)
    ran = town("application", "import", path, "-o", "json", "--now", "2020-03-23", expect=4)
    assert (ran.data["accepted"], ran.data["reasons"]) == (1, {"drawn_with_another": 1})


@pytest.mark.parametrize(
    ("edit", "check"),
    [
        ("UPDATE rounds SET lead_id = NULL WHERE round = 'a2'", "rounds_as_logged"),
        ("DROP TRIGGER arms_stand; DROP TRIGGER draws_stand; UPDATE draws SET arms_within = ''",
         "draws_as_logged"),
        ("UPDATE claims SET resident = (SELECT resident FROM claims WHERE round_id ="
         " (SELECT round_id FROM rounds WHERE round = 'a1')) WHERE claim_id ="
         " (SELECT max(claim_id) FROM claims)", "winners_have_packs"),
    ],
)  # fmt: skip
def test_another_arm_is_found(town: Callable[..., Ran], edit: str, check: str) -> None:
    run(town)
    towns.by_hand(".", *edit.split("; "))
    assert check in town("check", "--now", AFTER, expect=5).err
