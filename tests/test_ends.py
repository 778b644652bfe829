"""How a command line ends, whatever happens: its exit code, and who is told what. In this process,
with streams of the tests' own.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from conftest import EVERY_COMMAND

from vouchercli import __main__ as entry
from vouchercli.cli import keys, language, pasting
from vouchercli.cli import main as front
from vouchercli.cli.options import PANEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    Voucher = Callable[..., Ran]

SHIPPED = ("programme", "list", "--shipped")


@pytest.fixture(autouse=True)
def speak_english() -> Iterator[None]:
    yield
    language.speak("en")


def opened(descriptor: int, encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(os.fdopen(descriptor, "wb"), encoding)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_an_answer_without_room_is_incomplete(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = opened(os.open("/dev/full", os.O_WRONLY))
    monkeypatch.setattr(sys, "stdout", full)
    assert front.main(SHIPPED) == front.INCOMPLETE == 4
    full.close()  # into nothing: what was left to write does not fail at the end
    assert "the command is done, but the disk is full" in capsys.readouterr().err


def test_a_reader_that_has_left_ends_in_silence(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    left, talk = opened(writing), opened(os.open(here / "talk", os.O_WRONLY | os.O_CREAT))
    monkeypatch.setattr(sys, "stdout", left)
    monkeypatch.setattr(sys, "stderr", talk)
    assert front.main(SHIPPED) == 0
    left.close()
    talk.close()
    assert (here / "talk").read_text() == ""


def test_what_a_stream_cannot_show_is_escaped(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert front.main(SHIPPED) == 0
    assert b"\\u676d\\u5dde" in narrow.buffer.getvalue()  # type: ignore[attr-defined]


def test_damage_met_in_the_middle_of_a_command_is_a_refusal(
    city: Any, voucher: Voucher, here: Path
) -> None:
    city()
    path = here / "voucher.db"
    raw = bytearray(path.read_bytes())
    for wal in here.glob("voucher.db-*"):
        wal.unlink()
    for page in range(2, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 4096] = b"\x07" * 4096
    path.write_bytes(raw)
    ran = voucher("claim", "list", expect=3)
    assert "[damaged_database]" in ran.err and ran.out == ""


ANSWERS = {
    "n\n": False,
    "否\n": False,
    "No \n": False,
    "\n": False,
    "y\n": True,
    "YES\n": True,
    "是\n": True,
    "ｙ\n": True,
    "maybe\nn\n": False,
    "也许\n是\n": True,
}


def answering(monkeypatch: pytest.MonkeyPatch, answers: str) -> None:
    """Whoever sits at the terminal types these lines."""
    stdin = io.StringIO(answers)
    stdin.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", stdin)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("answers", "is_yes"), ANSWERS.items(), ids=map(repr, ANSWERS))
def test_an_undo_asks_at_a_terminal_in_two_languages(
    city: Any,
    voucher: Voucher,
    monkeypatch: pytest.MonkeyPatch,
    answers: str,
    is_yes: bool,
    lang: str,
) -> None:
    city()
    answering(monkeypatch, answers)
    ran = voucher("batch", "undo", "2", "--lang", lang, expect=0 if is_yes else 130)
    nothing, again = {
        "en": ("nothing was changed\n", "answer y or n"),
        "zh": ("未作任何更改\n", "请回答“是”（y）或“否”（n）"),
    }[lang]
    assert ran.err.endswith(nothing) is (not is_yes)
    assert (again in ran.err) is (answers.count("\n") == 2)
    left = voucher("claim", "list", "-o", "json").data["claims"]
    assert len(left) == (0 if is_yes else 3)


def test_whoever_leaves_the_question_is_interrupted(
    city: Any, voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    city()
    answering(monkeypatch, "")
    told = voucher("batch", "undo", "2", expect=130).err
    assert "nothing of the unfinished step was kept" in told


def test_no_is_an_answer_to_a_program_too(
    city: Any, voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    city()
    answering(monkeypatch, "n\n")
    ran = voucher("batch", "undo", "2", "-o", "json", expect=130)
    assert (ran.json["status"], ran.json["problems"][0]["code"]) == ("refused", "declined")


def test_an_undo_asks_with_all_that_matters(
    city: Any, voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    city()
    answering(monkeypatch, "n\ny\n")
    told = voucher("batch", "undo", "1", expect=130).err
    assert "Undo batch 1: remove 2 rows of merchants.csv (merchant registry)? [y/N]" in told
    told = voucher("batch", "undo", "2").err
    assert (
        "Undo batch 2: remove 3 rows of claims.csv (claims file)? They are packs of r1, still open:"
        " these can then be granted again. [y/N]" in told
    )


def test_nobody_is_asked_about_what_is_undone_already(
    city: Any, voucher: Voucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    city()
    voucher("batch", "undo", "2", "--yes")
    answering(monkeypatch, "y\n")
    told = voucher("batch", "undo", "2", expect=3).err
    assert "[batch_undone]" in told and "Undo batch" not in told


@pytest.mark.parametrize("more", [("--yes",), ("--dry-run",)])
def test_an_undo_does_not_ask_whoever_is_sure(
    city: Any, voucher: Voucher, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    city()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert "Undo batch" not in voucher("batch", "undo", "2", *more).err


@pytest.mark.parametrize(
    ("words", "is_json"),
    [
        (("round", "lst", "-o", "json"), True),
        (("round", "list", "--bogus", "-ojson"), True),
        (("round", "list", "--output=json", "--bogus"), True),
        (("round", "list", "--bogus", "--output", "json"), True),
        (("-o", "json", "round", "list", "--bogus"), True),
        (("round", "list", "--bogus", "-o", "json", "-o", "csv"), False),
        (("round", "list", "--bogus"), False),
        (("round", "show", "--bogus", "--", "-o", "json"), False),
        (("round", "pause", "x", "--bogus", "--note", "-ojson"), False),
        (("round", "pause", "x", "--bogus", "--note=a", "-ojson"), True),
    ],
)
def test_a_misused_command_line_answers_in_the_form_it_asks_for(
    voucher: Voucher, words: tuple[str, ...], is_json: bool
) -> None:
    ran = voucher(*words, expect=2)
    assert bool(ran.out) == is_json
    if is_json:
        assert (ran.json["status"], ran.json["problems"][0]["code"]) == ("refused", "usage")
        assert ran.err == ""
    else:
        assert "[usage]" in ran.err


def test_a_noun_alone_shows_its_page_and_is_a_fault(voucher: Voucher) -> None:
    ran = voucher("round", expect=2)
    assert ran.err.startswith("Usage: voucher round")
    assert json.loads(voucher("round", "-o", "json", expect=2).out)["status"] == "refused"


# ---------------------------------------------------------------- options and their defaults


def describe(parameter: Any) -> str:
    """An option of a command: its names, whether it is needed, what it is unless given, its
    bounds.
    """
    kind = parameter.type
    bounds = (getattr(kind, "min", None), getattr(kind, "max", None))
    default = parameter.default
    return " ".join(
        [
            *(
                parameter.opts
                if parameter.param_type_name == "option"
                else [parameter.human_readable_name]
            ),
            *(["needed"] if parameter.required else []),
            *(
                [f"= {default}"]
                if default not in (None, False, ()) and not callable(default)
                else []
            ),
            *(["switch"] if getattr(parameter, "is_flag", False) else []),
            *(["many"] if getattr(parameter, "multiple", False) or parameter.nargs != 1 else []),
            *([f"{bounds[0]}..{bounds[1]}"] if bounds != (None, None) else []),
        ]
    )


def test_every_option_has_its_name_default_and_bounds(bless: bool) -> None:
    """tests/cases/session/options.txt: a default that changes changes what a script gets."""
    root = front._root()
    lines = []
    for path in sorted(EVERY_COMMAND):
        noun, _, verb = path.partition(" ")
        found = root.get_command(typer.Context(root), noun)
        if verb:
            found = found.get_command(typer.Context(found), verb)
        own = [each for each in found.params if each.name not in {*PANEL, "help"}]
        lines += [path, *(f"  {describe(each)}".rstrip() for each in own)]
    file = Path(__file__).parent / "cases" / "session" / "options.txt"
    if bless:
        file.write_text("\n".join(lines) + "\n", "utf-8")
    assert lines == file.read_text("utf-8").splitlines(), "pytest --bless tests/test_ends.py"


# ---------------------------------------------------------------- a template's file in Chinese


def test_what_a_template_says_is_chinese_for_chinese_readers() -> None:
    language.speak("zh")
    for text, words in {
        "name.zh": "名称",
        "name.en": "英文名称",
        "validity.days_after_claim": "有效期（领取后天数）",
        "validity.until": "有效期至",
        "validity.calendar_month": "有效期为领取当月",
        "scope.channel": "渠道",
        "scope.districts": "区县",
        "scope.industries": "行业",
        "scope.sizes": "规模",
        "scope.merchants": "商户",
        "scope.exclude": "除外商户",
        "scope.hours": "时段",
        "scope.weekdays": "星期",
        "scope.registration": "商户登记",
        "source": "出处",
        "assumption": "假设",
        "offline": "线下",
        "online": "线上",
        "any": "不限",
        "true": "是",
        "open": "不限",
        "required": "已登记",
        "coupons x": "券 x",
        "funding.a": "出资比例（a）",
        "match.b": "配套比例（b）",
        "1 x 10% <= 400 / 2000": "1 张 满 2000 减 10%，最高 400",
    }.items():
        assert keys.entry(text) == words


# ---------------------------------------------------------------- interrupted, or with closed streams


class Interrupts:
    """An import during which somebody types Ctrl-C."""

    def find_spec(self, name: str, *_: Any) -> None:
        """Interrupt the import of the front door."""
        if name == "vouchercli.cli.main":
            raise KeyboardInterrupt


def test_who_interrupts_the_program_while_it_loads_sees_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "vouchercli.cli.main")
    monkeypatch.setattr(sys, "meta_path", [Interrupts(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        entry.run()
    assert (ended.value.code, capfd.readouterr().err) == (130, "")


def test_who_interrupts_its_beginning_or_end_sees_no_traceback_either(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(front, "main", interrupted)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as ended:
            front.run()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # what is typed behind it
    finally:
        signal.signal(signal.SIGINT, before)
        pasting._started.clear()
    assert (ended.value.code, capfd.readouterr().err) == (130, "")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-"])
def test_a_closed_stream_is_the_null_device(voucher: Any, closed: str) -> None:
    voucher("init")
    command = f'"{sys.executable}" -m vouchercli todo --lang en {closed}'
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert ("What waits" in ran.stdout or "nothing waits" in ran.stderr) is (closed != "2>&-")
