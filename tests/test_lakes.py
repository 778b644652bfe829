"""What a city gives to its province: files of sealed days that never change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import lakes
import pytest
import towns
from lakes import DAY, LAST, export
from rich.cells import cell_len
from test_days import close, why

from vouchercli.rules.canonical import own_digest

pl = pytest.importorskip("polars")
TOWN = Path("lake/330100/town")


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    once("lakes", lambda: lakes.build(voucher))
    return voucher


@pytest.fixture
def later(voucher: Any, once: Any) -> Any:
    """The same with a lake of 28 March; what came and was corrected since is sealed too."""

    def build() -> None:
        lakes.build(voucher)
        export(voucher)
        lakes.go_on(voucher)
        close(voucher, LAST)

    once("lakes later", build)
    return voucher


def table(name: str) -> Any:
    return pl.read_parquet(sorted(TOWN.rglob(f"{name}-*.parquet")))


def manifest() -> dict[str, Any]:
    return dict(json.loads((TOWN / "manifest.json").read_text("utf-8")))


def codes(ran: Any) -> list[str]:
    return [each["code"] for each in json.loads(ran.out)["problems"]]


def test_a_lake_has_what_was_booked_and_nobody_in_it(town: Any) -> None:
    ran = export(town)
    assert (ran.data["first_day"], ran.data["day"], ran.data["days"]) == ("2020-03-20", DAY, 9)
    paid = table("payments")
    assert paid.columns[:4] == ["city", "programme", "booked_on", "day"]
    assert paid["base_fen"].sum() == 5000 * 2
    assert sorted(paid["district"].unique()) == ["上城区"]
    assert table("claims")["claims"].sum() == 3
    texts = {value for path in TOWN.rglob("*.parquet") for value in _texts(pl.read_parquet(path))}
    assert {"M1", "r1"} <= texts
    assert not {"one", "two", "C1", "T1", "P1"} & texts
    tokens = {row[0] for row in towns.ask(".", "SELECT resident FROM claims")}
    assert tokens and not tokens & texts
    # fewer than ten residents: nobody counts them
    assert table("rounds")["users"].to_list() == [None]
    assert town("lake", "check", "lake", "-o", "json").data["cities"] == 1


def _texts(frame: Any) -> set[str]:
    return {
        value for name in frame.columns if frame[name].dtype == pl.String for value in frame[name]
    }


def test_a_second_export_adds_files_and_leaves_the_first_as_they_are(later: Any) -> None:
    before = {path: path.read_bytes() for path in TOWN.rglob("*.parquet")}
    assert export(later).data["days"] == 4
    assert all(path.read_bytes() == content for path, content in before.items())
    found = manifest()
    assert found["as_of"] == [20200328, 20200401]
    assert sorted({each["month"] for each in found["files"]}) == [202003, 202004]
    assert codes(later("lake", "check", "lake", "-o", "json")) == []
    paid = table("payments")
    known = later("report", "leverage", "--known-on", LAST, "-o", "json").data["total"]
    assert paid["base_fen"].sum() == known["base_fen"]
    assert paid["vouchers"].sum() == known["redemptions"]
    assert paid["reversed"].sum() == 2  # T1 was corrected, T5 fell with its claim
    early = paid.filter(pl.col("booked_on") <= 20200328)
    known = later("report", "leverage", "--known-on", DAY, "-o", "json").data["total"]
    assert early["base_fen"].sum() == known["base_fen"]
    asked = ("report", "rounds", "--known-on", LAST, "-o", "json")
    claims = table("claims")
    assert (
        claims["claims"].sum() - claims["reversed"].sum()
        == later(*asked).data["rows"][0]["claimed"]
    )
    same = manifest()
    assert export(later).data["written"] is False
    assert manifest() == same


def test_nothing_is_written_on_trial(town: Any) -> None:
    assert export(town, "--dry-run").data["days"] == 9
    assert not Path("lake").exists()


def test_drafts_of_the_dead_go_and_polars_is_asked_for(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pid 2**22 + 1 is above what Linux gives."""
    for name in (".a.parquet.4194305.part", ".b.parquet.4194305.parts/0.parquet"):
        (TOWN / name).parent.mkdir(parents=True, exist_ok=True)
        (TOWN / name).write_text("")
    (TOWN / f".c.parquet.{os.getpid()}.part").write_text("")
    export(town)
    assert [path.name for path in TOWN.rglob(".*.part*")] == [f".c.parquet.{os.getpid()}.part"]
    monkeypatch.setitem(sys.modules, "polars", None)
    assert why(export(town, expect=3)) == "library_missing"
    assert why(town("lake", "check", "lake", "-o", "json", expect=3)) == "library_missing"


def test_the_chain_must_hold() -> None:
    from vouchercli.rules import days, lake

    rows: list[dict[str, Any]] = []
    for day in (20200327, 20200328):
        sums = days.Sums(*(1,) * 8, "x")
        before = rows[-1]["sha256"] if rows else ""
        seal = days.seal(before, "town", day, (1, 1), sums)
        ids = {"last_claim_id": 1, "last_redemption_id": 1}
        row = {"day": day, **ids, "previous_sha256": before, "sha256": seal}
        rows.append(sums._asdict() | row)
    head = days.head(20200328, rows[-1]["sha256"])
    assert lake.chain(rows, "town", head) is None
    assert lake.chain(rows[:1], "town", head) == 20200327
    assert lake.chain([rows[0], rows[1] | {"base_fen": 2}], "town", head) == 20200328
    assert lake.chain([], "town", head) == 0


def test_what_is_written_is_a_table_that_fits_a_screen(town: Any) -> None:
    for lang, head in (("en", "Table"), ("zh", "表")):
        ran = town("lake", "export", f"lake-{lang}", "--city", "330100", "--lang", lang)
        lines = ran.out.splitlines()
        assert lines[1].split()[0] == head
        assert all(cell_len(line) <= 80 for line in lines)
        assert ".parquet" not in ran.out


def test_a_lake_may_begin_later(later: Any) -> None:
    asked = ("lake", "export", "new", "--city", "330100", "-o", "json")
    assert later(*asked, "--since", DAY).data["first_day"] == DAY
    paid = pl.read_parquet(sorted(Path("new").rglob("payments-*.parquet")))
    whole = later("report", "leverage", "--since", DAY, "--known-on", LAST, "-o", "json").data
    assert paid["base_fen"].sum() == whole["total"]["base_fen"]
    assert codes(later("lake", "check", "new", "-o", "json")) == []
    assert why(later(*asked, "--since", "2020-03-27", expect=3)) == "lake_since"
    later(*asked, "--since", DAY)
    late = ("--since", "2020-06-01")
    ran = later("lake", "export", "newer", "--city", "330100", *late, "-o", "json", expect=3)
    assert why(ran) == "nothing_sealed"


def test_what_cannot_be_exported_is_refused(town: Any) -> None:
    assert why(town("lake", "export", "lake", "-o", "json", expect=2)) == "no_city_code"
    export(town)
    path = TOWN / "manifest.json"
    other = json.loads(path.read_text("utf-8"))
    other["seal"] = "0" * 64
    path.write_text(json.dumps(other | {"sha256": own_digest(other)}), "utf-8")
    assert why(export(town, expect=3)) == "lake_other_chain"
    assert codes(town("lake", "check", "lake", "-o", "json", expect=5)) == ["lake_chain"]
    path.write_text("{}", "utf-8")
    assert why(export(town, expect=3)) == "lake_unreadable"
    assert codes(town("lake", "check", "lake", "-o", "json", expect=5)) == ["lake_unreadable"]
    path.unlink()
    assert codes(town("lake", "check", "lake", "-o", "json", expect=5)) == ["lake_no_manifest"]
    Path("lake/330100").rename("lake/330200")
    path = Path("lake/330200/town/manifest.json")
    path.write_text(json.dumps(other | {"sha256": own_digest(other)}), "utf-8")
    assert codes(town("lake", "check", "lake", "-o", "json", expect=5)) == ["lake_moved"]
    assert why(town("lake", "check", "nowhere", "-o", "json", expect=3)) == "no_lake"
    assert why(town("lake", "list", "nowhere", "-o", "json", expect=3)) == "no_lake"
    Path("file").write_text("")
    asked = ("lake", "export", "file", "--city", "330100", "-o", "json")
    assert why(town(*asked, expect=3)) == "unwritable_file"


def test_no_day_is_sealed(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack(), merchants="merchant_no,name\nM1,a\n")
    assert why(export(voucher, expect=3)) == "nothing_sealed"


def test_check_finds_whatever_was_changed(town: Any) -> None:
    export(town)
    path = next(TOWN.rglob("payments-*.parquet"))
    good, listed = path.read_bytes(), manifest()

    def check(changed: dict[str, Any] | None = None) -> list[str]:
        if changed is not None:
            text = json.dumps(changed | {"sha256": own_digest(changed)})
            (TOWN / "manifest.json").write_text(text, "utf-8")
        return codes(town("lake", "check", "lake", "-o", "json", expect=5))

    def named(**changes: Any) -> dict[str, Any]:
        """The manifest with a changed entry of that file."""
        files = [
            each | changes if each["path"].endswith(path.name) else each for each in listed["files"]
        ]
        return listed | {"files": files}

    path.write_bytes(good[:-1])
    assert check() == ["lake_digest"]
    path.unlink()
    assert check() == ["lake_file_missing"]
    path.write_bytes(good)
    about = next(each for each in listed["files"] if each["path"].endswith(path.name))
    assert check(named(rows=1)) == ["lake_sums"]
    assert check(named(sums=about["sums"] | {"base_fen": 1})) == ["lake_sums"]
    from vouchercli.formats.columnar import lake_files

    pl.read_parquet(path).with_columns(base_fen=pl.col("base_fen") * 2).write_parquet(path)
    size, sha256 = lake_files.digest(path)
    sums = about["sums"] | {"base_fen": 20000}
    assert check(named(bytes=size, sha256=sha256, sums=sums)) == ["lake_not_sealed"] * 2
    pl.DataFrame({"a": [1]}).write_parquet(path)
    size, sha256 = lake_files.digest(path)
    assert check(named(bytes=size, sha256=sha256)) == ["lake_file_damaged"]
    path.write_bytes(b"no parquet")
    size, sha256 = lake_files.digest(path)
    assert check(named(bytes=size, sha256=sha256)) == ["lake_file_damaged"]
    path.write_bytes(good)
    (path.parent / "payments-stray.parquet").write_bytes(good)
    missing = listed | {"files": [*listed["files"], about | {"path": "2020-03/x.parquet"}]}
    assert "lake_file_missing" in check(missing)
    (TOWN / "manifest.json").write_text(json.dumps(listed), "utf-8")
    assert codes(town("lake", "check", "lake", "-o", "json")) == ["lake_stray"]


def test_the_list_says_who_is_there_and_who_is_missing(town: Any) -> None:
    export(town)
    ran = town("lake", "list", "lake", "--expect", "330100,420100", "-o", "json", expect=4)
    rows = [(each["city"], each["day"], each["state"]) for each in ran.data["programmes"]]
    assert rows == [("330100", DAY, "there"), ("420100", None, "nothing there")]
    assert codes(ran) == ["lake_missing"]
    assert "330100" in town("lake", "list", "lake").out
    Path("empty").mkdir()
    assert "nothing lies in this lake yet" in town("lake", "list", "empty").err
    assert "湖" in town("lake", "check", "lake", "--lang", "zh").out


def standing(voucher: Any) -> dict[str, Any]:
    """What the lake holds, proved."""
    return dict(voucher("lake", "check", "lake", "-o", "json").data["programmes"][0])


@pytest.mark.parametrize("at", [1, 4, 9, 17, 18])
def test_stopped_anywhere_it_reads_as_before(
    later: Any, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    before, calls = standing(later), []

    def stop(number: int) -> None:
        calls.append(number)
        if len(calls) == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", stop)
        export(later, expect=130)
    assert standing(later) == before
    assert export(later).data["days"] == 4
    assert standing(later)["day"] == LAST


KILLER = """
import os, signal, sys
from vouchercli.cli.main import main
at, sync, calls = int(sys.argv[1]), os.fsync, []
def stop(number):
    calls.append(number)
    if len(calls) == at:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(number)
os.fsync = stop
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
def test_killed_anywhere_it_reads_as_before(later: Any) -> None:
    """With what a killed one leaves: drafts go with the next export."""
    before, asked = standing(later), ("lake", "export", "lake", "--city", "330100")
    for at in range(1, int(os.environ.get("VOUCHER_KILLS", "10")) * 2, 2):
        ran = subprocess.run([sys.executable, "-c", KILLER, str(at), *asked], capture_output=True)
        assert ran.returncode in (-signal.SIGKILL, 0), ran.stderr
        found = standing(later)
        assert found == before or ran.returncode == 0
    export(later)
    assert standing(later)["day"] == LAST
    assert not [*Path("lake").rglob(".*.part*")]
    assert codes(later("lake", "check", "lake", "-o", "json")) == []
