"""The law of a lottery: tickets, strata, winners; and a certificate that a stranger proves, or
finds wrong.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import canonical
from vouchercli.rules import certificates as proof
from vouchercli.rules import draws as law
from vouchercli.rules.draws import Entrant, Stratum

if TYPE_CHECKING:
    from vouchercli.documents import Fault

GUIDE = Path(__file__).resolve().parents[1] / "docs/lottery.md"
SEED = "5eed" * 16
DISTRICTS, GROUPS = ("西湖区", "上城区", "余杭区"), ("", "low-income")
ENTRANTS = st.lists(
    st.builds(
        Entrant,
        st.text("ABC0123456789报", min_size=1, max_size=6),
        st.sampled_from(DISTRICTS),
        st.sampled_from(GROUPS),
    ),
    unique_by=lambda entrant: entrant.application_no,
    max_size=40,
).map(sorted)
STRATA = st.lists(
    st.builds(
        Stratum,
        st.integers(1, 12),
        st.sampled_from(("", *DISTRICTS)),
        st.sampled_from(("", "low-income")),
    ),
    unique_by=lambda each: (each.district, each.group),
    max_size=4,
).map(lambda strata: [each for each in strata if each.district or each.group])


def places_for(strata: list[Stratum], more: int) -> int:
    return sum(each.quota for each in strata) + more


# ---------------------------------------------------------------- tickets


def test_a_ticket_is_the_digest_of_seed_colon_application() -> None:
    assert law.ticket(SEED, "A-001") == hashlib.sha256(b"5eed" * 16 + b":A-001").hexdigest()
    assert (
        law.ticket(SEED, "报名1") == hashlib.sha256(SEED.encode() + ":报名1".encode()).hexdigest()
    )
    assert [ticket for ticket, _ in law.tickets(SEED, [Entrant("B"), Entrant("A")])] == sorted(
        law.ticket(SEED, no) for no in "AB"
    )


def test_a_public_text_makes_another_seed() -> None:
    assert law.effective_seed(SEED, None) == SEED
    assert law.effective_seed(SEED, "4 1 7") == hashlib.sha256(f"{SEED}:4 1 7".encode()).hexdigest()


# ---------------------------------------------------------------- winners


@given(ENTRANTS, STRATA, st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_of_the_list_changes_nothing(
    entrants: list[Entrant], strata: list[Stratum], more: int, chance: Any
) -> None:
    shuffled = list(entrants)
    chance.shuffle(shuffled)
    places = places_for(strata, more)
    assert law.draw(shuffled, SEED, places, strata) == law.draw(entrants, SEED, places, strata)


@given(ENTRANTS, STRATA, st.integers(0, 30))
def test_every_place_is_filled_once_while_there_are_entrants(
    entrants: list[Entrant], strata: list[Stratum], more: int
) -> None:
    places = places_for(strata, more)
    winners = law.draw(entrants, SEED, places, strata).winners
    assert len(winners) == len(set(winners)) == min(places, len(entrants))
    assert set(winners) <= {entrant.application_no for entrant in entrants}


@given(ENTRANTS, STRATA, st.integers(0, 30))
def test_a_stratum_has_its_quota_or_all_its_entrants(
    entrants: list[Entrant], strata: list[Stratum], more: int
) -> None:
    of = {entrant.application_no: entrant for entrant in entrants}
    drawn = law.draw(entrants, SEED, places_for(strata, more), strata)
    won: set[str] = set()
    for stratum, part in zip(strata, drawn.parts, strict=True):
        mine = {
            no for no, entrant in of.items() if stratum.holds(entrant.district, entrant.group)
        } - won
        assert set(part.winners) <= mine
        assert (len(part.winners), part.entrants) == (min(stratum.quota, len(mine)), len(mine))
        won |= set(part.winners)


@given(ENTRANTS, STRATA, st.integers(0, 30), st.integers(1, 10))
def test_more_places_never_take_one_away(
    entrants: list[Entrant], strata: list[Stratum], more: int, extra: int
) -> None:
    places = places_for(strata, more)
    assert set(law.draw(entrants, SEED, places, strata).winners) <= set(
        law.draw(entrants, SEED, places + extra, strata).winners
    )


@given(ENTRANTS, st.integers(1, 10), st.integers(1, 10), st.integers(20, 40))
def test_a_larger_quota_never_takes_a_winner_from_its_stratum(
    entrants: list[Entrant], quota: int, extra: int, places: int
) -> None:
    inside = {entrant.application_no for entrant in entrants if entrant.district == "西湖区"}
    before = inside & set(law.draw(entrants, SEED, places, [Stratum(quota, "西湖区")]).winners)
    assert before <= set(
        law.draw(entrants, SEED, places, [Stratum(quota + extra, "西湖区")]).winners
    )


@given(ENTRANTS, STRATA, st.integers(0, 30))
def test_an_applicant_can_see_from_its_ticket_alone_whether_it_won(
    entrants: list[Entrant], strata: list[Stratum], more: int
) -> None:
    drawn = law.draw(entrants, SEED, places_for(strata, more), strata)
    for entrant in entrants:
        parts = [
            part
            for stratum, part in zip(strata, drawn.parts, strict=True)
            if stratum.holds(entrant.district, entrant.group)
        ]
        limits = [part.last_ticket for part in (*parts, drawn.rest) if part.last_ticket]
        assert (law.ticket(SEED, entrant.application_no) <= max(limits, default="")) == (
            entrant.application_no in drawn.winners
        )


def test_places_that_a_stratum_cannot_fill_go_on_by_the_same_tickets() -> None:
    entrants = [Entrant(f"A{n}", "西湖区" if n == 1 else "上城区") for n in range(1, 9)]
    drawn = law.draw(entrants, SEED, 4, [Stratum(3, "西湖区")])
    assert drawn.parts[0].winners == ("A1",)
    others = sorted(
        (entrant.application_no for entrant in entrants[1:]), key=lambda no: law.ticket(SEED, no)
    )
    assert drawn.rest.winners == tuple(others[:3])


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize(
    ("text", "stratum"),
    [
        ("district=余杭区:1000", Stratum(1000, "余杭区")),
        ("group=low-income:5", Stratum(5, "", "low-income")),
        (" district = 余杭区 , group=a:b : 7", Stratum(7, "余杭区", "a:b")),
    ],
)
def test_a_stratum_is_read(text: str, stratum: Stratum) -> None:
    assert law.stratum(text) == stratum


@pytest.mark.parametrize(
    "text",
    [
        "",
        "余杭区:1000",
        "district=余杭区",
        "district=余杭区:0",
        "district=余杭区:-1",
        "district=:5",
        "district=a,district=b:5",
        "city=杭州:5",
        "district=余杭区:1.5",
        "district=余杭区:١",
    ],
)
def test_what_is_no_stratum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a stratum"):
        law.stratum(text)


def test_the_list_says_only_what_the_strata_ask_for() -> None:
    entrants = [Entrant("A,1", "西湖区", "low-income"), Entrant('B"2', "上城区")]
    assert b"".join(law.listed(entrants, law.columns(()))) == b'application_no\n"A,1"\n"B""2"\n'
    assert (
        b"".join(law.listed(entrants, law.columns([Stratum(1, "", "low-income")]))).decode()
        == 'application_no,group\n"A,1",low-income\n"B""2",\n'
    )
    assert law.columns([Stratum(1, "a"), Stratum(1, "", "b")]) == (
        "application_no",
        "district",
        "group",
    )


# ---------------------------------------------------------------- a certificate

LIST = [Entrant(f"A{n:02d}", DISTRICTS[n % 3], GROUPS[n % 2]) for n in range(1, 31)]
QUOTAS = (Stratum(4, "西湖区"), Stratum(3, "", "low-income"))


def certified(
    entrants: list[Entrant] = LIST,
    *,
    places: int = 10,
    public: str | None = "4 1 7",
    barred: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The document of a lawful draw."""
    effective = law.effective_seed(SEED, public)
    out = tuple((no, "resident_limit") for no in barred)
    drawn = law.draw(proof.allowed(entrants, out), effective, places, QUOTAS)
    shown = law.columns(QUOTAS)
    return proof.document(
        proof.Certificate(
            programme="town",
            round="l1",
            seed=SEED,
            seed_sha256=law.sha256(SEED),
            public_source="",
            public_randomness=public,
            effective_seed=effective,
            committed_at="t",
            registration_closed_at="t",
            strata_fixed_at="t",
            published_at="t",
            drawn_at="t",
            applications=40,
            entrants=len(entrants),
            entrants_columns=shown,
            entrants_sha256=law.digest(law.listed(entrants, shown)),
            barred=out,
            places=places,
            strata=QUOTAS,
            parts=drawn.parts,
            rest=drawn.rest,
        )
    )


def codes(
    document: dict[str, Any],
    entrants: list[Entrant] = LIST,
    *,
    is_sealed: bool = True,
    commitment: str | None = None,
) -> list[str]:
    """What a stranger finds; a forger seals the changed certificate anew."""
    found = findings(document, entrants, is_sealed=is_sealed, commitment=commitment)
    return [fault.code for fault in found]


def findings(
    document: dict[str, Any],
    entrants: list[Entrant] = LIST,
    *,
    is_sealed: bool = True,
    commitment: str | None = None,
) -> tuple[Fault, ...]:
    shown = law.columns(QUOTAS)
    whole = document | ({"sha256": canonical.own_digest(document)} if is_sealed else {})
    digest = law.digest(law.listed(entrants, shown))
    return proof.findings(whole, entrants, shown, digest, commitment)


def changed(document: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return document | parts


def test_a_lawful_draw_is_proven() -> None:
    assert codes(certified(), commitment=law.sha256(SEED)) == []
    assert codes(certified(public=None)) == []
    assert codes(certified(barred=("A01", "A07"))) == []
    assert codes(certified(places=100)) == []


def test_any_change_breaks_the_seal() -> None:
    assert codes(changed(certified(), drawn_at="later"), is_sealed=False) == ["certificate_changed"]


def test_another_seed_is_found() -> None:
    other = "ab" * 32
    document = changed(certified(), seed=other)
    assert set(codes(document)) == {"seed_changed"}
    drawn = law.draw(LIST, law.effective_seed(other, "4 1 7"), 10, QUOTAS)
    redrawn = replace(
        proof.read(document),
        effective_seed=law.effective_seed(other, "4 1 7"),
        parts=drawn.parts,
        rest=drawn.rest,
    )
    assert codes(proof.document(redrawn)) == ["seed_changed"]
    swapped = replace(redrawn, seed_sha256=law.sha256(other))
    assert codes(proof.document(swapped), commitment=law.sha256(SEED)) == ["commitment_differs"]


def test_another_public_text_is_found() -> None:
    assert codes(changed(certified(), public_randomness="4 1 8")) == ["seed_changed"]


@pytest.mark.parametrize(
    "entrants",
    [
        LIST[:-1],
        [*LIST, Entrant("A99", "西湖区")],
        [LIST[1], LIST[0], *LIST[2:]],
        [LIST[0]._replace(district="余杭区"), *LIST[1:]],
    ],
    ids=["removed", "added", "reordered", "moved to another stratum"],
)
def test_another_list_is_found(entrants: list[Entrant]) -> None:
    assert codes(certified(), entrants) == ["entrants_changed"]


def test_a_list_that_was_published_out_of_order_or_with_one_twice_is_found() -> None:
    twisted = [LIST[1], LIST[0], *LIST[2:]]
    assert codes(certified(twisted), twisted) == ["entrants_unsorted"]
    twice = [LIST[0], *LIST]
    assert "entrants_unsorted" in codes(certified(twice), twice)


def test_another_winner_is_found() -> None:
    document = certified()
    loser = next(
        entrant.application_no
        for entrant in LIST
        if entrant.application_no not in proof.read(document).winners
    )
    rest = document["rest"] | {"winners": [loser, *document["rest"]["winners"][1:]]}
    assert codes(changed(document, rest=rest)) == ["winner_changed"]
    assert codes(changed(document, rest=document["rest"] | {"last_ticket": "0" * 64})) == [
        "winner_changed"
    ]


def test_another_quota_is_found() -> None:
    document = certified()
    smaller = [document["strata"][0] | {"quota": 3}, document["strata"][1]]
    assert "quota_wrong" in codes(changed(document, strata=smaller))
    assert "quota_wrong" in codes(changed(document, places=9))
    assert codes(changed(document, places=6)) == ["quota_wrong"]


def test_what_is_found_says_what_the_certificate_has_and_what_the_tickets_give() -> None:
    document = certified()
    won = document["rest"]["winners"]

    def told(entrants: list[Entrant] = LIST, /, **parts: Any) -> list[dict[str, Any]]:
        return [fault.params for fault in findings(changed(document, **parts), entrants)]

    last_differs = document["rest"] | {"winners": [*won[:-1], "A99"]}
    assert told(rest=last_differs) == [
        {"part": "the places that were left", "said": "A99", "ours": won[-1]}
    ]
    one_less = document["rest"] | {"winners": won[:-1]}
    assert told(rest=one_less) == [{"part": "the places that were left", "said": 2, "ours": 3}]
    assert told(LIST[1:]) == [{"ours": 29, "said": 30}]
    assert told(entrants=31) == [{"ours": 30, "said": 31}]
    assert told(places=6) == [{"kept": 7, "places": 6}]
    digests = {"ours": law.sha256(SEED), "said": "0" * 64}
    assert told(seed_sha256="0" * 64) == [digests]


@pytest.mark.parametrize("barred", [["A01", "A99"], ["A01", "A01"]])
def test_whoever_is_barred_stands_on_the_list_once(barred: list[str]) -> None:
    lines = [{"application_no": no, "reason": "resident_limit"} for no in barred]
    assert codes(changed(certified(barred=("A01",)), barred=lines)) == ["barred_wrong"]


def test_a_barred_entrant_who_was_left_in_is_found() -> None:
    winner = certified()["rest"]["winners"][0]
    assert set(
        codes(changed(certified(), barred=[{"application_no": winner, "reason": "resident_limit"}]))
    ) == {"winner_changed"}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"certificate": "voucher draw 2"},
        changed(certified(), places="10"),
        changed(certified(), places=-1),
        changed(certified(), places=True),
        changed(certified(), rest=None),
        changed(certified(), strata=[{"quota": 1}]),
        changed(certified(), barred=[1]),
        changed(certified(), entrants_columns=["resident"]),
        changed(certified(), rest=certified()["rest"] | {"winners": [1]}),
    ],
)
def test_what_is_no_certificate_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        proof.findings(document, LIST, law.columns(QUOTAS), "", None)


@given(ENTRANTS.filter(len), st.integers(0, 30))
def test_every_lawful_draw_is_proven_and_no_winner_can_be_swapped(
    entrants: list[Entrant], more: int
) -> None:
    places = places_for(list(QUOTAS), more)
    document = certified(entrants, places=places)
    assert codes(document, entrants) == []
    if len(document["rest"]["winners"]) > 1:
        swapped = document["rest"] | {"winners": document["rest"]["winners"][::-1]}
        assert codes(changed(document, rest=swapped), entrants) == ["winner_changed"]


# ---------------------------------------------------------------- another language


def test_the_guides_shell_script_draws_the_same_winners(tmp_path: Path) -> None:
    block = re.search(
        r"cat > redraw\.sh <<'END'\n(.*?)\n> END\n", GUIDE.read_text("utf-8"), re.DOTALL
    )
    assert block
    (tmp_path / "redraw.sh").write_text(
        "".join(f"{line[2:]}\n" for line in block[1].splitlines()), "utf-8"
    )
    (tmp_path / "list.csv").write_bytes(b"".join(law.listed(LIST, law.columns(QUOTAS))))
    for public, strata, places in (
        (None, (), 30),
        ("报 4 1 7", QUOTAS, 12),
        ("x", (Stratum(9, "西湖区"), Stratum(30, "余杭区")), 39),
    ):
        given = [f"{law.named(each)}:{each.quota}" for each in strata]
        done = subprocess.run(
            ["sh", "redraw.sh", SEED, public or "", str(places), *given],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            stdin=(tmp_path / "list.csv").open(),
        )
        assert done.stdout.decode().split() == list(
            law.draw(LIST, law.effective_seed(SEED, public), places, strata).winners
        )
