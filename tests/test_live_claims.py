"""Live claims: one resident or many get their pack now, once, durably, within every limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import towns
from test_applications import HEADER, drafted, put
from test_claims import LIMITS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOW = ("--now", "2020-03-27 09:00")


def test_a_claim_is_granted_and_the_same_number_gives_the_same_claim(city: Any) -> None:
    voucher = city(with_claims=False)
    ran = voucher("claim", "grant", "r1", "330102199001010012", "--application", "N1", *NOW)
    assert ran.err.endswith(
        "granted r1-00000001: its vouchers are valid until 2020-04-03 09:00:00\n"
    )
    again = voucher(
        "claim",
        "grant",
        "r1",
        "330102199001010012",
        "--application",
        "N1",
        "-o",
        "json",
        "--now",
        "2020-03-27 11:00",
    )
    assert again.data == {
        "round": "r1",
        "is_new": False,
        "claim_no": "r1-00000001",
        "claimed_at": "2020-03-27T09:00:00+08:00",
        "expires_at": "2020-04-03T09:00:00+08:00",
    }
    assert voucher("round", "show", "r1", "-o", "json").data["claimed"] == 1
    assert (
        "[resident_limit]"
        in voucher(
            "claim", "grant", "r1", "330102199001010012", "--application", "N2", *NOW, expect=3
        ).err
    )
    assert (
        "[application_reused]"
        in voucher("claim", "grant", "r1", "somebody", "--application", "N1", *NOW, expect=3).err
    )
    voucher("check")


def test_a_claim_is_refused_with_the_reason(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "medics", "--group", "medics")
    voucher("eligibility", "import", put(here, "e.csv", "resident,group\n1,medics\n"))
    assert (
        "round medics is approved: it takes no claims [round_not_open]"
        in voucher("claim", "grant", "medics", "1", expect=3).err
    )
    voucher("round", "open", "medics", "--now", "2020-03-29 08:00")
    late = ("--now", "2020-03-29 09:00")
    assert "[not_eligible]" in voucher("claim", "grant", "medics", "2", *late, expect=3).err
    voucher("claim", "grant", "medics", "1", *late)
    assert (
        "round r1 takes claims from"
        in voucher("claim", "grant", "r1", "1", "--now", "2020-03-28 08:00", expect=3).err
    )
    assert "[bad_resident]" in voucher("claim", "grant", "r1", "token:1", *NOW, expect=3).err
    assert "[one_or_many]" in voucher("claim", "grant", "r1", expect=2).err


def test_the_last_pack_goes_once(city: Any) -> None:
    voucher = city(with_claims=False)
    for number in range(10):
        voucher("claim", "grant", "r1", f"p{number}", *NOW)
    assert (
        "all 10 packs of round r1 are claimed: none is left [sold_out]"
        in voucher("claim", "grant", "r1", "late", *NOW, expect=3).err
    )
    assert (
        voucher("round", "show", "r1", "-o", "json").data["sold_out_at"]
        == "2020-03-27T09:00:00+08:00"
    )
    (batch,) = voucher("batch", "list", "--kind", "allocation", "-o", "json").data["batches"]
    assert batch["accepted"] == 10
    voucher("check")


def test_many_are_granted_from_a_file_and_every_request_ends_somewhere(
    city: Any, here: Path
) -> None:
    voucher = city(with_claims=False)
    lines = "p0,N0\np1,N1\np1,N1\np2,N1\ntoken:9\n\n" + "".join(f"q{n}\n" for n in range(9))
    ran = voucher(
        "claim", "grant", "r1", "--from", put(here, "who.txt", lines), "-o", "json", *NOW, expect=4
    )
    assert (ran.data["granted"], ran.data["standing"], ran.data["refused"]) == (10, 1, 3)
    assert ran.data["reasons"] == {"application_reused": 1, "bad_resident": 1, "sold_out": 1}
    assert ran.data["rows"][1]["claim_no"] == ran.data["rows"][2]["claim_no"] == "r1-00000002"
    again = voucher("claim", "grant", "r1", "--from", "who.txt", "-o", "json", *NOW, expect=4)
    assert (again.data["granted"], again.data["standing"]) == (0, 3)
    assert voucher("round", "show", "r1", "-o", "json").data["claimed"] == 10


def test_a_group_larger_than_a_transaction_is_granted_in_several(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vouchercli.ops.granting import live_claims

    voucher = city(with_claims=False)
    monkeypatch.setattr(live_claims, "GROUP_SIZE", 2)
    ran = voucher(
        "claim",
        "grant",
        "r1",
        "--from",
        put(here, "who.txt", "a\nb\nc\nd\ne\n"),
        "-o",
        "json",
        *NOW,
    )
    assert [row["claim_no"] for row in ran.data["rows"]] == [f"r1-0000000{n}" for n in range(1, 6)]
    voucher("check")


def test_who_is_joined_to_a_holder_gets_no_second_pack(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    voucher(
        "application",
        "import",
        put(
            here, "a.csv", HEADER + "1,r1,a,2020-03-27 08:00:01,,d\n2,r1,b,2020-03-27 08:00:02,,d\n"
        ),
    )
    voucher("claim", "grant", "r1", "b", *NOW)
    assert "[resident_limit]" in voucher("claim", "grant", "r1", "a", *NOW, expect=3).err
    assert voucher("round", "allocate", "r1", "-o", "json", *NOW).data["granted"] == 0


def test_an_application_that_waits_gets_its_pack_by_a_live_claim(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    voucher("application", "import", put(here, "a.csv", HEADER + "1,r1,a,2020-03-27 08:00:01,,d\n"))
    voucher("claim", "grant", "r1", "a", "--application", "1", *NOW)
    assert (
        voucher("application", "list", "-o", "json").data["applications"][0]["claim_no"]
        == "r1-00000001"
    )
    assert voucher("round", "allocate", "r1", "-o", "json", *NOW).data["granted"] == 0


def test_limits_of_the_week_and_of_the_programme_hold_across_rounds(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    towns.change(voucher, limits=LIMITS)
    assert (
        voucher("programme", "show", "-o", "json").data["limits"]["packs_per_resident_per_week"]
        == 1
    )
    for code, opens in (
        ("same-week", "2020-03-29 08:00"),
        ("next-week", "2020-03-30 08:00"),
        ("third", "2020-04-06 08:00"),
    ):
        towns.make_round(voucher, code, packs=5, opens=opens, state="open")
    voucher("claim", "grant", "r1", "a", *NOW)
    assert (
        "[resident_limit]"
        in voucher("claim", "grant", "same-week", "a", "--now", "2020-03-29 09:00", expect=3).err
    )
    voucher("claim", "grant", "next-week", "a", "--now", "2020-03-30 09:00")
    assert (
        "[resident_limit]"
        in voucher("claim", "grant", "third", "a", "--now", "2020-04-06 09:00", expect=3).err
    )


def test_a_live_claim_is_synced_to_the_disk(city: Any, here: Path) -> None:
    from vouchercli.ops.granting import live_claims

    city(with_claims=False)
    with towns.session(here / "voucher.db", now=towns.at(NOW[1])) as one:
        one.db.execute("PRAGMA synchronous = OFF")
        live_claims.grant_claim(one, "r1", "a")
        assert one.db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
