"""What a person meets who forgets, mistypes, runs out of room, or has no right: a clear word in
both languages, never a traceback.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from vouchercli.cli import language, usage_errors
from vouchercli.cli.help import break_command
from vouchercli.cli.wrapping import cells, fold
from vouchercli.store.db import refused_by_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

FULL = Path("/dev/full")
# Python itself ends by the signal when it struck inside an exec of its own (a dataclass being
# made); a shell says 130 for both.
INTERRUPTED = (130, -signal.SIGINT)
CHINESE = re.compile("[\u4e00-\u9fff]")
MISUSED = {
    (): "say which command",
    ("round",): "say which command",
    ("round", "lst"): "there is no command lst; did you mean list?",
    ("import",): "there is no command import",
    ("round", "show"): "CODE is missing",
    ("round", "create", "x"): "the option --template is missing",
    ("round", "list", "--bogus"): "there is no option --bogus [usage]",
    ("round", "pause", "x", "--foo"): "there is no option --foo [usage]",
    ("round", "pause", "x", "--nte", "y"): "there is no option --nte; did you mean --note?",
    ("round", "list", "-o"): "the option -o needs a value",
    ("round", "show", "my", "round"): "too many words: round",
    ("batch", "show", "x"): "N: x is not a whole number",
    ("batch", "show", "0"): "N must be at least 1, not 0",
    ("round", "list", "--dry-run=3"): "the option --dry-run takes no value",
    ("round", "list", "--lang", "fr"): "there is no language fr",
    ("round", "list", "--now", ""): "the option --now needs a value",
    ("round", "list", "--actor", ""): "the option --actor needs a value",
    ("round", "list", "--as-of", "2020-03-27"): "voucher round list shows and uses what is known",
    ("--as-of", "2020-03-27", "merchant", "list"): "voucher merchant list shows and uses",
    ("redemption", "list", "--as-of", "2020-03-27"): "voucher redemption list shows and uses",
}


def run(folder: Path, *args: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """`voucher ARGS...` in a process of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VOUCHER_", "LC_", "LANG", "COV"))
    }
    return subprocess.run(
        [sys.executable, "-m", "vouchercli", *args],
        cwd=folder,
        env={**kept, **environ},
        capture_output=True,
        check=False,
    )


# ---------------------------------------------------------------- words that do not fit


@pytest.mark.parametrize("args", MISUSED, ids=" ".join)
def test_a_command_line_that_does_not_fit_is_told_in_our_words(
    voucher: Callable[..., Ran], args: tuple[str, ...]
) -> None:
    voucher("init")
    ran = voucher(*args, expect=2)
    assert ran.out == ""
    assert f"error: {MISUSED[args]}" in ran.err
    assert "next: " in ran.err


@pytest.mark.parametrize("text", [text for _, text in usage_errors.COMPLAINTS])
def test_every_complaint_has_its_chinese(text: str) -> None:
    assert CHINESE.search(language.catalogue()[text])


def test_a_misused_command_speaks_chinese(voucher: Callable[..., Ran]) -> None:
    told = voucher("--lang", "zh", "round", "create", "x", expect=2).err
    assert told == "错误：缺少选项 --template [usage]\n  下一步：voucher round create --help\n"


def test_a_noun_alone_shows_its_help_and_json_only_json(voucher: Callable[..., Ran]) -> None:
    assert "Commands:\n  create" in voucher("round", expect=2).err
    refused = voucher("round", "-o", "json", expect=2)
    assert (refused.json["problems"][0]["code"], refused.err) == ("usage", "")


def test_only_reports_look_back_and_the_hint_says_how(
    city: Any, voucher: Callable[..., Ran]
) -> None:
    city()
    refused = voucher("claim", "list", "--as-of", "2020-03-27 08:00:02", "--lang", "zh", expect=2)
    hint = "下一步：请去掉该选项；或用：voucher report rounds --as-of '2020-03-27 08:00:02'"
    assert refused.err.endswith(f"[no_as_of]\n  {hint}\n")
    pasted = shlex.split(hint.partition("voucher ")[2])
    assert voucher(*pasted, "-o", "json").data["rows"][0]["claimed"] == 2


NO_JSON = (
    ("merchant", "list", "--search", "-o json"),
    ("round", "pause", "x", "--note", "see -o json"),
    ("round", "pause", "x", "--note=-o json"),
    ("round", "pause", "x", "--foo", "--note", "-o json"),
    ("round", "pause", "x", "--foo", "--note", "-ojson"),
    ("merchant", "list", "--search", "-o", "json"),
    ("round", "pause", "x", "--", "-o", "json"),
    ("round", "list", "-o", "json", "-o", "table", "--foo"),
)
MISUSED_IN_JSON = (
    ("-o", "json", "round", "lst"),
    ("round", "lst", "-ojson"),
    ("round", "pause", "x", "--foo", "--output=json"),
    ("round", "pause", "x", "--note", "--", "--foo", "--output", "json"),
    ("round", "list", "--dry-run=3", "-o", "json"),
)


@pytest.mark.parametrize("args", NO_JSON, ids=" ".join)
def test_a_value_that_reads_like_an_option_asks_for_no_json(
    voucher: Callable[..., Ran], args: tuple[str, ...]
) -> None:
    voucher("init")
    voucher("programme", "load", "hangzhou-2020")
    ran = voucher(*args, expect=None)
    assert '"voucher"' not in ran.out
    assert "error: " in ran.err or "0 merchants" in ran.out


@pytest.mark.parametrize("args", MISUSED_IN_JSON, ids=" ".join)
def test_a_misused_command_answers_json_when_it_was_asked_to(
    voucher: Callable[..., Ran], args: tuple[str, ...]
) -> None:
    refused = voucher(*args, expect=2)
    assert (refused.json["problems"][0]["code"], refused.err) == ("usage", "")


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "round",
        "round create",
        "report leverage",
        "template check",
        "redemption check",
        "merchant list",
    ],
)
def test_a_help_page_fits_eighty_columns_in_its_language(
    voucher: Callable[..., Ran], lang: str, path: str
) -> None:
    page = voucher(*path.split(), "--help", "--lang", lang).out
    assert max(map(cell_len, page.splitlines())) <= 80
    left = re.findall(
        r"Usage|Options|Commands|Arguments|required|Show this|<int|x>=|\.\.\.$|\bFILE\b|\bTIME\b",
        page,
    )
    assert left == [] if lang == "zh" else {"<int", "x>=", "..."}.isdisjoint(left)


def test_an_example_of_a_help_page_can_be_pasted() -> None:
    lines = break_command(
        'voucher round create hz-1 --opens-at "2020-03-27 08:00" --packs 2000000', 40
    )
    assert lines == [
        "voucher round create hz-1 \\",
        '    --opens-at "2020-03-27 08:00" \\',
        "    --packs 2000000",
    ]


def test_chinese_is_folded_by_its_width() -> None:
    assert cells("消费券 ab") == 9
    assert fold("消费券核销 [必填] abc", 10).split("\n") == ["消费券核销", "[必填] abc"]


# ---------------------------------------------------------------- commands to paste


def test_a_name_with_blanks_is_quoted_in_a_command_to_paste(voucher: Callable[..., Ran]) -> None:
    assert "voucher init --db 'my file.db'" in voucher("check", "--db", "my file.db", expect=3).err


def test_a_value_in_a_sentence_is_not_quoted() -> None:
    assert (
        language.t("the voucher expired at {to}", {"to": "2 May"}) == "the voucher expired at 2 May"
    )


def test_a_shipped_config_is_named_without_the_folders_of_the_program(
    voucher: Callable[..., Ran],
) -> None:
    voucher("init")
    voucher("programme", "load", "hangzhou-2020")
    assert voucher("template", "add", "hangzhou-round-4").err.startswith(
        "configs/templates/hangzhou-round-4.yaml:"
    )


# ---------------------------------------- files that are not what they should be


def test_an_empty_file_is_no_database_without_facts(
    voucher: Callable[..., Ran], here: Path
) -> None:
    (here / "voucher.db").touch()
    assert "[empty_database]" in voucher("check", expect=3).err
    assert "created voucher.db" in voucher("init").err
    voucher("check")


def test_a_folder_or_a_missing_folder_is_no_database(voucher: Callable[..., Ran]) -> None:
    assert "[is_a_folder]" in voucher("check", "--db", ".", expect=3).err
    assert "[is_a_folder]" in voucher("init", "--db", "/", expect=3).err
    assert "[no_such_folder]" in voucher("init", "--db", "none/voucher.db", expect=3).err


def test_a_damaged_key_is_said_to_be_damaged(voucher: Callable[..., Ran], here: Path) -> None:
    voucher("init")
    for text in ("junk", "z" * 64, "é" * 64, "\ufeff"):
        (here / "voucher.key").write_text(text, "utf-8")
        assert "[bad_key]" in voucher("doctor", expect=5).err


def test_a_key_whose_making_was_killed_is_made_again(
    voucher: Callable[..., Ran], here: Path
) -> None:
    voucher("init")
    (here / "voucher.key").write_text("")
    voucher("init")
    assert "[bad_key]" not in voucher("doctor").err


def test_rejects_never_replace_a_file(city: Callable[..., Callable[..., Ran]], here: Path) -> None:
    voucher = city()
    before = (here / "voucher.db").read_bytes()
    for name in ("voucher.db", "claims.csv", "."):
        assert "[file_exists]" in voucher("batch", "rejects", "2", "--to", name, expect=3).err
    assert (here / "voucher.db").read_bytes() == before


def test_a_file_of_another_kind_is_told_apart(city: Callable[..., Callable[..., Ran]]) -> None:
    refused = city()("redemption", "import", "claims.csv", expect=3).err
    assert (
        "claims.csv has the columns of the claims file, not of the redemptions file [other_kind]"
        in refused
    )
    assert "next: voucher claim import claims.csv" in refused


def test_a_key_is_not_printed_when_it_is_imported_by_mistake(
    city: Callable[..., Callable[..., Ran]], here: Path
) -> None:
    refused = city()("merchant", "import", "voucher.key", expect=3).err
    assert (here / "voucher.key").read_text().strip() not in refused


# ---------------------------------------------------------------- what the machine refuses


def test_a_machine_that_refuses_a_file_is_told_apart_from_a_bug(tmp_path: Path) -> None:
    assert (
        refused_by_machine(PermissionError(errno.EACCES, "denied", "voucher.key"), tmp_path).code
        == "no_permission"
    )
    assert refused_by_machine(OSError(errno.ENOSPC, "full"), tmp_path).code == "disk_full"
    with pytest.raises(BrokenPipeError):
        refused_by_machine(BrokenPipeError(errno.EPIPE, "gone"), tmp_path)


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_an_answer_without_room_is_said_to_be_lost(tmp_path: Path) -> None:
    run(tmp_path, "init")
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "vouchercli", "check"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 4
    assert b"its answer cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args", [("check",), ("check", "-o", "json"), ("--help",), ("nonsense",)], ids=" ".join
)
def test_a_reader_that_leaves_is_no_fault(tmp_path: Path, args: tuple[str, ...]) -> None:
    run(tmp_path, "init")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "vouchercli", *args],
        cwd=tmp_path,
        stdout=writing,
        stderr=writing,
        check=False,
    )
    os.close(writing)
    assert done.returncode in (0, 2)


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_terminal_without_chinese_gets_escapes(
    city: Callable[..., Callable[..., Ran]], here: Path, output: str
) -> None:
    city()
    done = run(here, "merchant", "list", "-o", output, "--lang", "zh", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0)
    if output == "json":
        assert json.loads(done.stdout)["data"]["merchants"][0]["name"] == "面馆"


def test_ctrl_c_ends_the_demo_with_a_word_and_an_empty_folder(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "vouchercli", "demo", "d", "--scale", "1000"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},  # each line as it is said
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    while b"template add" not in running.stdout.readline():
        pass
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    assert running.returncode in INTERRUPTED
    assert b"interrupted" in told
    assert b"Traceback" not in told
    assert list((tmp_path / "d").iterdir()) == []
