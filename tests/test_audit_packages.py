"""What an auditor is given: files that other programs prove, and nobody's identity in them."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_ledgers import HLEDGER, NO_HLEDGER, judged_by_hledger
from test_settlements import build, hear, send, settle, sign, spend

from vouchercli import identities

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

JUDGES = Path(f"{sys.prefix}-judges", "bin")
FALL = str(Path(__file__).with_name("fall.py"))
AT = ("--now", "2020-04-02 09:00")
RESIDENT = "330102199001010012"
LOGGED = ("previous_hash", "at", "entered_at", "actor", "os_user", "deed", "about", "detail")


@pytest.fixture
def paid(voucher: Voucher, once: Any) -> Voucher:
    """M1 is paid, M2's payment is on its way, M3 has no account; its package, with all rows, is the
    folder p.
    """

    def all_of_it() -> None:
        build(voucher)
        spend(voucher)
        sign(voucher, "2020-03-27")
        settle(voucher, "2020-03-27")
        send(voucher, 1)
        hear(voucher, "S1-1,paid,30.00,2020-03-30,B1,,")
        written(voucher, "p", "--rows")

    once("audit packages", all_of_it)
    return voucher


def written(voucher: Voucher, name: str, *args: str, **ran: Any) -> Path:
    voucher("audit", "package", name, *args, *AT, **ran)
    return Path(name)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text("utf-8")))]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_manifest_is_proved_by_other_programs(paid: Voucher, here: Path) -> None:
    said = paid("audit", "package", "q", "-o", "json", *AT).data
    folder = here / "q"
    subprocess.run(["sha256sum", "--quiet", "-c", "MANIFEST.sha256"], cwd=folder, check=True)
    there = {name: hashlib.sha256(each).hexdigest() for name, each in files(folder).items()}
    assert {each["file"]: each["sha256"] for each in said["files"]} == there
    assert said["manifest_sha256"] == there.pop("MANIFEST.sha256")
    told = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
    del there["MANIFEST.json"]
    assert {each["file"]: each["sha256"] for each in told["files"]} == there
    assert told["programme"] == "town" and told["log_head"].startswith("30:")
    (folder / "ledger" / "postings.csv").write_text("other\n")
    changed = subprocess.run(
        ["sha256sum", "-c", "MANIFEST.sha256"], cwd=folder, check=False, capture_output=True
    )
    assert changed.returncode == 1


def test_the_same_moment_gives_the_same_bytes(paid: Voucher, here: Path) -> None:
    first = files(Path("p"))
    assert first == files(written(paid, "again", "--rows"))
    assert {"rows/claims.csv", "reports/leverage.zh.xlsx", "README.zh.md"} <= first.keys()
    assert not first.keys() & {"voucher.db", "voucher.key"}


def test_the_log_is_proved_in_plain_python(paid: Voucher) -> None:
    last = ""
    for text in (Path("p") / "log" / "audit.jsonl").read_text("utf-8").splitlines():
        line = json.loads(text)
        sealed = json.dumps(
            [line[each] for each in LOGGED], ensure_ascii=False, separators=(",", ":")
        )
        assert line["previous_hash"] == last
        assert line["hash"] == hashlib.sha256(sealed.encode()).hexdigest()
        last = line["hash"]
    assert paid("audit", "head", "-o", "json").data["digest"] == last


@pytest.mark.skipif(HLEDGER is None, reason=NO_HLEDGER)
def test_hledger_proves_the_ledger(paid: Voucher) -> None:
    folder = Path("p")
    told = judged_by_hledger(folder / "ledger" / "ledger.journal")
    ours = {
        tuple(filter(None, (each["account"], each["funder"], each["round"]))): round(
            float(each["amount_yuan"]) * 100
        )
        for each in table(folder, "ledger/accounts")
    }
    assert {key: each for key, each in told.items() if each} == ours
    assert ours["paid", "treasury", "r1"] == 3000


def test_money_decisions_and_rules_stand_there(paid: Voucher) -> None:
    folder = Path("p")
    assert [
        (each["transfer_no"], each["state"]) for each in table(folder, "settlements/transfers")
    ] == [
        ("S1-1", "paid"),
        ("S1-2", "sent"),
    ]
    assert [each["outcome"] for each in table(folder, "settlements/bank_answers")] == ["taken"]
    decided = {each["proposal"]: each["actor"] for each in table(folder, "proposals/verdicts")}
    proposed = table(folder, "proposals/proposals")
    assert [(each["name"], each["proposed_by"]) for each in proposed] == [
        ("r1", "mei"),
        ("1", "mei"),
    ]
    assert decided == {"1": "lin", "2": "lin"}
    (rules,) = table(folder, "rules/programmes")
    assert rules["held_from"] == "2020-03-20T09:00:00+08:00"
    assert "programme: town" in (folder / rules["file"]).read_text("utf-8")
    assert table(folder, "rules/templates")[0]["rounds"] == "r1"
    days = table(folder, "days/days")
    assert {each["signed_by"] for each in days} == {"wu"} and days[-1]["payments"] == "5"
    assert [each["accepted"] for each in table(folder, "files/imported")] == ["3", "3", "5"]
    for name in ("check", "audit_verify"):
        assert json.loads((folder / "proofs" / f"{name}.json").read_text("utf-8"))["status"] == "ok"
    assert "below_threshold" in (folder / "rules" / "law.json").read_text("utf-8")


def test_each_version_of_a_programme_says_since_when_it_held(paid: Voucher, here: Path) -> None:
    text = json.loads(Path("programme.yaml").read_text("utf-8"))
    towns.write("programme.yaml", {**text, "limits": {"vouchers_per_merchant_per_day": 9}})
    late = ("--now", "2020-04-01 09:00")
    paid("programme", "load", "programme.yaml", "--actor", "mei", *late)
    paid("programme", "approve", "town", "--actor", "lin", *late)
    folder = written(paid, "q")
    told = table(folder, "rules/programmes")
    assert [each["held_from"][:10] for each in told] == ["2020-03-20", "2020-04-01"]
    assert len({each["digest"] for each in told}) == 2
    texts = [(folder / each["file"]).read_text("utf-8") for each in told]
    assert ["vouchers_per_merchant_per_day" in each for each in texts] == [False, True]


def test_a_file_without_its_first_lines_has_the_programme_in_force(paid: Voucher) -> None:
    towns.by_hand(".", "DROP TRIGGER audit_never_vanishes", "DELETE FROM audit")
    folder = written(paid, "q", expect=5)
    (told,) = table(folder, "rules/programmes")
    assert told["by"] == "" and told["digest"]
    assert json.loads((folder / "MANIFEST.json").read_text("utf-8"))["log_head"] is None


def unpacked(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return b"".join(book.read(each) for each in book.namelist()).decode()


def test_nobody_is_in_it(voucher: Voucher, here: Path) -> None:
    build(voucher)
    claims = f"C1,r1,{RESIDENT},2020-03-27 09:00\n"
    voucher(
        "claim", "import", towns.write("c.csv", towns.CLAIMS + claims), "--now", "2020-03-28 09:00"
    )
    folder = written(voucher, "p", "--rows")
    accounts = ("6228480000000000011", "6228480000000000029")
    for name, content in files(folder).items():
        text = unpacked(content) if name.endswith(".xlsx") else content.decode()
        assert not any(each in text for each in (RESIDENT, *accounts)), name
        assert not [each for each in identities.find(text) if each.is_sure], name
    assert table(folder, "rows/claims")[0]["resident"].startswith("token:")


def test_a_period_bounds_reports_and_rows_alone(paid: Voucher) -> None:
    folder = written(paid, "q", "--rows", "--until", "2020-03-26")
    assert table(folder, "rows/redemptions") == table(folder, "rows/claims") == []
    assert len(table(folder, "ledger/postings")) == 5
    assert [each["transaction_no"] for each in table(Path("p"), "rows/redemptions")] == [
        *("T1", "T2", "T3", "T4", "T5")
    ]
    swapped = ("--since", "2020-03-28", "--until", "2020-03-27")
    refused = paid("audit", "package", "r", *swapped, expect=2)
    assert "[empty_window]" in refused.err


@pytest.mark.parametrize("held", ["file", "folder", "link"])
def test_a_folder_in_use_is_refused(paid: Voucher, here: Path, held: str) -> None:
    name = {"folder": "p"}.get(held, "q")
    if held == "file":
        Path("q").write_text("a file")
    elif held == "link":
        Path("else").mkdir()
        Path("q").symlink_to("else")
    before = files(here)
    refused = paid("audit", "package", name, *AT, expect=3)
    assert "[folder_in_use]" in refused.err or "[untrusted_folder]" in refused.err
    assert files(here) == before


def test_a_dry_run_writes_nothing(paid: Voucher, here: Path) -> None:
    said = paid("audit", "package", "q", "--rows", "--dry-run", "-o", "json", *AT).data
    assert said["folder"] is None and not Path("q").exists()
    told = {each["file"]: each["sha256"] for each in said["files"]}
    there = files(Path("p"))
    assert told == {name: hashlib.sha256(each).hexdigest() for name, each in there.items()}


def test_a_sealed_copy_that_can_only_be_read_is_enough(paid: Voucher, here: Path) -> None:
    first = files(Path("p"))
    copy = here / "sealed"
    copy.mkdir()
    shutil.copy("voucher.db", copy)
    (copy / "voucher.db").chmod(0o400)
    copy.chmod(0o500)
    try:
        assert files(written(paid, "q", "--rows", "--db", str(copy / "voucher.db"))) == first
    finally:
        copy.chmod(0o700)


def test_a_full_disk_leaves_nothing(
    paid: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    before = files(here)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        refused = paid("audit", "package", "q", *AT, expect=3)
    assert "the disk is full" in refused.err and "[unwritable_file]" in refused.err
    assert files(here) == before and not Path("q").exists()


def test_one_that_was_killed_leaves_no_folder_and_the_next_sweeps(
    paid: Voucher, here: Path
) -> None:
    command = ("audit", "package", "q", "--rows", *AT)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    killed = subprocess.run(
        [sys.executable, FALL, "count", "900", *command], env=env, check=False, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL
    assert not Path("q").exists()
    assert [*here.glob(".q-*.part")]
    assert files(written(paid, "q", "--rows")) == files(Path("p"))
    assert not [*here.glob(".q-*.part")]


def test_a_database_that_was_changed_by_hand_is_written_and_said(paid: Voucher) -> None:
    towns.by_hand(".", "DROP TRIGGER sealed_redemptions_stand")
    towns.by_hand(".", "UPDATE redemptions SET base_fen = base_fen + 1 WHERE redemption_id = 1")
    said = paid("audit", "package", "q", *AT, expect=5)
    assert "[check_failed]" in said.err and "wrote" in said.err
    proof = json.loads(Path("q/proofs/check.json").read_text("utf-8"))
    assert proof["status"] == "failed" and proof["problems"]


def test_the_readme_is_in_both_languages_and_names_every_file(paid: Voucher) -> None:
    folder = Path("p")
    own = {"README.md", "README.zh.md", "index.html", "index.zh.html"}
    own |= {"MANIFEST.json", "MANIFEST.sha256"}
    english = (folder / "README.md").read_text("utf-8").replace("\\_", "_")
    chinese = (folder / "README.zh.md").read_text("utf-8").replace("\\_", "_")
    for name in files(folder).keys() - own:
        assert name in english and name in chinese, name
    assert "How to prove it" in english and "核验方法" in chinese
    assert 'lang="zh' in (folder / "index.zh.html").read_text("utf-8")


@pytest.mark.skipif(not (JUDGES / "frictionless").exists(), reason="make judges")
def test_frictionless_finds_every_table_as_described(paid: Voucher) -> None:
    folder = Path("p")
    judged = subprocess.run(
        [JUDGES / "frictionless", "validate", "datapackage.json"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert judged.returncode == 0, judged.stdout


def test_a_rehearsal_says_so_in_its_files(voucher: Voucher, here: Path) -> None:
    voucher("init", "--rehearsal")
    towns.write("programme.yaml", towns.programme())
    voucher("programme", "load", "programme.yaml")
    folder = written(voucher, "p")
    assert "REHEARSAL" in (folder / "index.html").read_text("utf-8")


def test_without_a_programme_there_is_no_package(voucher: Voucher, here: Path) -> None:
    voucher("init")
    refused = voucher("audit", "package", "p", expect=3)
    assert "[no_programme]" in refused.err
