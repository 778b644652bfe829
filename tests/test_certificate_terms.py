"""What a certificate says of its own course, judged by a stranger: moments, counts, keys, and what
was announced.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.rules import canonical
from vouchercli.rules import certificate_terms as terms
from vouchercli.rules import certificates as proof
from vouchercli.rules import draws as law
from vouchercli.rules.certificate_terms import Announced

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

SEED = "5eed" * 16
LIST = [law.Entrant(no) for no in ("A1", "A2", "A3")]


def lawful(**parts: Any) -> proof.Certificate:
    """A draw of one place among three entrants, in the order of the work."""
    drawn = law.draw(LIST, SEED, 1, ())
    made = proof.Certificate(
        programme="town",
        round="l1",
        seed=SEED,
        seed_sha256=law.sha256(SEED),
        public_source="",
        public_randomness=None,
        effective_seed=SEED,
        committed_at="2020-03-20T09:00:00+08:00",
        registration_closed_at="2020-03-26T20:00:00+08:00",
        strata_fixed_at="2020-03-20T09:00:00+08:00",
        published_at="2020-03-26T20:00:00+08:00",
        drawn_at="2020-03-27T08:00:00+08:00",
        applications=4,
        entrants=3,
        entrants_columns=("application_no",),
        entrants_sha256=law.digest(law.listed(LIST, ("application_no",))),
        barred=(),
        places=1,
        strata=(),
        parts=(),
        rest=drawn.rest,
    )
    return replace(made, **parts)


def found(certificate: proof.Certificate, announced: Announced = terms.UNKNOWN) -> list[str]:
    whole = proof.document(certificate)
    return [fault.code for fault in terms.findings(whole, proof.read(whole), announced)]


def test_a_draw_in_the_order_of_the_work_has_nothing_against_it() -> None:
    assert found(lawful(), Announced(law.sha256(SEED), "town", "l1", "")) == []
    # one tick may fix the quotas, publish the list and draw in the same second
    once = "2020-03-26T20:00:00+08:00"
    assert found(lawful(strata_fixed_at=once, published_at=once, drawn_at=once)) == []
    # the same moment may be written with another offset
    assert found(lawful(drawn_at="2020-03-26T12:00:00+00:00")) == []


@pytest.mark.parametrize(
    "parts",
    [
        {
            "committed_at": "2020-03-28T09:00:00+08:00",
            "strata_fixed_at": "2020-03-20T09:00:00+08:00",
        },
        {
            "committed_at": "2020-03-26T20:00:00+08:00",
            "strata_fixed_at": "2020-03-26T20:00:00+08:00",
        },
        {
            "committed_at": "2020-03-26T14:00:01+02:00",
            "strata_fixed_at": "2020-03-26T20:00:01+08:00",
        },
        {"registration_closed_at": "2020-03-26T20:00:01+08:00"},
        {"published_at": "2020-03-27T08:00:01+08:00"},
        {"strata_fixed_at": "2021-03-27T08:00:00+08:00"},
        {"strata_fixed_at": "2020-03-20T08:59:59+08:00"},
        {"drawn_at": "2020-03-26T19:59:59+08:00"},
    ],
)
def test_moments_in_an_order_in_which_no_draw_is_held_are_found(parts: dict[str, str]) -> None:
    assert set(found(lawful(**parts))) == {"draw_order_wrong"}


@pytest.mark.parametrize(
    "text", ["é", "", "2020-03-20", "2020-03-20T09:00:00", "20200320T090000+0800", "t"]
)
def test_what_is_no_moment_is_found(text: str) -> None:
    assert found(lawful(committed_at=text)) == ["draw_time_wrong"]


@pytest.mark.parametrize(
    "parts",
    [
        {"applications": 2},
        {"places": 0},
        {"entrants": 0, "applications": 0},
        {"entrants_columns": ("application_no", "group")},
    ],
)
def test_counts_that_cannot_be_are_found(parts: dict[str, Any]) -> None:
    assert found(lawful(**parts)) == ["draw_counts_wrong"]


def test_a_text_that_was_announced_and_not_mixed_in_is_found() -> None:
    assert found(lawful(public_source="3D lottery")) == ["public_randomness_missing"]


@pytest.mark.parametrize(
    "announced",
    [Announced(programme="city"), Announced(round="l2"), Announced(public_source="3D lottery")],
)
def test_other_terms_than_were_announced_are_found(announced: Announced) -> None:
    assert found(lawful(), announced) == ["announcement_differs"]


@pytest.mark.parametrize(
    ("part", "key"),
    [
        (("more",), "more"),
        (("rest", "more"), "rest.more"),
        (("strata", 0, "more"), "strata.more"),
        (("barred", 0, "more"), "barred.more"),
        (("rehearsal",), "rehearsal"),
    ],
)
def test_keys_that_no_certificate_has_are_found(part: tuple[str | int, ...], key: str) -> None:
    drawn = law.draw(LIST, SEED, 1, [law.Stratum(1, "西湖区")])
    strata = {"strata": (law.Stratum(1, "西湖区"),), "parts": drawn.parts, "rest": drawn.rest}
    whole = proof.document(lawful(barred=(("A1", "resident_limit"),), **strata))
    inner: Any = whole
    for step in part[:-1]:
        inner = inner[step]
    inner[part[-1]] = "false"
    faults = {
        fault.code: fault.params
        for fault in terms.findings(whole, proof.read(whole))
        if "keys" in fault.code
    }
    assert faults == {"certificate_keys": {"keys": key}}


def test_what_is_not_proven_is_what_was_not_given_and_what_no_file_says() -> None:
    always = ["times", "applications", "persons", "reasons"]
    assert terms.unproven(Announced("0" * 64, "town", "l1", "")) == always
    assert terms.unproven(Announced(commitment="0" * 64, round="l1")) == [
        "programme",
        "public_source",
        *always,
    ]


# ---------------------------------------------------------------- the command


def publish(certificate: proof.Certificate, **parts: Any) -> None:
    whole = proof.document(certificate) | parts
    whole |= {"sha256": canonical.own_digest(whole)}
    Path("c.json").write_text(canonical.text(whole) + "\n", "utf-8")
    Path("e.csv").write_bytes(b"".join(law.listed(LIST, ("application_no",))))


VERIFY = ("draw", "verify", "c.json", "--entrants", "e.csv")


def test_a_draw_that_is_proven_says_what_is_not(voucher: Callable[..., Ran]) -> None:
    publish(lawful())
    ran = voucher(*VERIFY)
    assert ran.err.splitlines() == [
        "the draw of l1 is verified: 1 winners of 3 entrants, drawn again with the same result",
        "compare the digest of the seed with the one that was announced before registration closed:"
        f" {law.sha256(SEED)}",
        "compare with the announcement, too: programme town, round l1, public source –",
        "not proven by these files: that the announcement was out before 2020-03-26T20:00:00+08:00,"
        " that the list was out before 2020-03-27T08:00:00+08:00, that each of 4 applications was"
        " counted, that the entrants are persons who may apply, and why somebody is barred",
    ]
    known = ("--commitment", law.sha256(SEED), "--round", "l1", "--public-source", "")
    ran = voucher(*VERIFY, *known, "--programme", "town", "-o", "json")
    assert (ran.data["proven"], ran.data["not_proven"]) == (True, list(terms.UNPROVEN))


def test_an_impossible_certificate_that_is_well_sealed_is_refused(
    voucher: Callable[..., Ran],
) -> None:
    late = "2020-03-28T09:00:00+08:00"
    publish(lawful(committed_at=late, strata_fixed_at="2020-03-20T09:00:00+08:00"), more=1)
    ran = voucher(*VERIFY, "--round", "l2", "-o", "json", expect=5)
    assert ran.data["proven"] is False
    assert [each["code"] for each in ran.json["problems"]] == [
        "certificate_keys",
        "draw_order_wrong",
        "draw_order_wrong",
        "announcement_differs",
    ]
    said = voucher(*VERIFY, "--lang", "zh", expect=5).err
    assert f"种子承诺（{late}）须早于报名截止（2020-03-26T20:00:00+08:00）" in said


def test_a_rehearsal_and_a_text_that_nobody_announced_are_warned_of(
    voucher: Callable[..., Ran],
) -> None:
    effective = law.effective_seed(SEED, "4 1 7")
    rest = law.draw(LIST, effective, 1, ()).rest
    mixed = lawful(public_randomness="4 1 7", effective_seed=effective, rest=rest)
    publish(mixed, rehearsal=True)
    problems = voucher(*VERIFY, "-o", "json").json["problems"]
    assert [each["code"] for each in problems] == ["rehearsed_draw", "public_source_unannounced"]


@pytest.mark.parametrize("columns", [[[]], [{}], ["application_no", None]])
def test_columns_that_are_no_words_are_no_certificate(
    voucher: Callable[..., Ran], columns: list[Any]
) -> None:
    publish(lawful(), entrants_columns=columns)
    problems = voucher(*VERIFY, "-o", "json", expect=3).json["problems"]
    assert [each["code"] for each in problems] == ["bad_certificate"]


def test_a_key_that_stands_twice_is_no_certificate(voucher: Callable[..., Ran]) -> None:
    publish(lawful())
    text = Path("c.json").read_text("utf-8")
    assert json.loads(text)["places"] == 1
    Path("c.json").write_text(text.replace('"places":1', '"places":9,"places":1'), "utf-8")
    problems = voucher(*VERIFY, "-o", "json", expect=3).json["problems"]
    assert [each["code"] for each in problems] == ["bad_certificate"]
