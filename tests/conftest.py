"""The `voucher` fixture: one command line through main(), in a folder of its own, in English, at a
fixed moment.

What it ran is remembered: at the end of a whole run every command must have worked in one test and
been refused in another.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import processes
import pytest
import tiers
import towns
from hypothesis import settings

from vouchercli.cli.language import speak
from vouchercli.cli.main import main
from vouchercli.ops.intake import by_columns, chunks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Once = Callable[[object, Callable[[], object]], None]
    Start = Callable[..., Any]  # processes.started


# The machine's own language and settings are not the tests': neither here nor in their processes.
for name in [*os.environ]:
    if name.startswith(("VOUCHER_", "LC_", "LANG")):
        del os.environ[name]

# Files in memory where there is room: what is tried is killed processes, never a lost disk.
MEMORY, ROOM = "/dev/shm", 4 << 30
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("TMPDIR", MEMORY)
    tempfile.tempdir = None  # asked again

# The same examples in every run, so that a run says what the last one said; `make explore` draws
# others. How long an example takes says how busy the machine is, not whether it is right.
settings.register_profile("same", max_examples=40, derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("EXAMPLES", "same"))

EVERY_COMMAND = {
    "risk scan",
    "risk list",
    "risk show",
    "help",
    "export datasette",
    "export package",
    "report list",
    "effect plan",
    "effect import",
    "effect estimate",
    "effect report",
    "effect survey-size",
    "report series",
    "series import",
    "series list",
    "reconcile run",
    "reconcile breaks",
    "reconcile show",
    "reconcile assign",
    "reconcile resolve",
    "reconcile approve",
    "reconcile reject",
    "reconcile report",
    "settlement run",
    "settlement list",
    "settlement show",
    "settlement statement",
    "settlement verify",
    "settlement approve",
    "settlement reject",
    "settlement notice",
    "settlement export",
    "settlement paid",
    "settlement hold",
    "settlement release",
    "settlement answers",
    "settlement holds",
    "settlement unpaid",
    "settlement debts",
    "settlement repaid",
    "settlement write-off",
    "series blank",
    "lake check",
    "lake export",
    "lake list",
    "effect blank",
    "report explain",
    "report fairness",
    "report compare",
    "report nation",
    "report funds",
    "report forecasts",
    "report operations",
    "report settlement",
    "report brief",
    "report orders",
    "report timeline",
    "report rejects",
    "report merchants",
    "report districts",
    "report industries",
    "report site",
    "report bulletin",
    "fund appropriate",
    "fund transfer",
    "fund return",
    "day close",
    "day list",
    "day show",
    "day sign",
    "day verify",
    "fund show",
    "case add",
    "case approve",
    "case close",
    "case decide",
    "case export",
    "case list",
    "case note",
    "case open",
    "case reject",
    "case show",
    "case visit",
    "claim correct",
    "correction approve",
    "correction list",
    "correction reject",
    "correction show",
    "redemption correct",
    "ledger accounts",
    "ledger show",
    "ledger export",
    "programme approve",
    "programme reject",
    "programme close",
    "init",
    "backup",
    "restore",
    "programme load",
    "programme new",
    "programme show",
    "programme list",
    "programme use",
    "template add",
    "template list",
    "template show",
    "template diff",
    "template history",
    "template check",
    "profile list",
    "profile show",
    "profile export",
    "profile try",
    "profile guess",
    "template export",
    "programme export",
    "merchant blank",
    "application blank",
    "eligibility blank",
    "claim blank",
    "redemption blank",
    "round create",
    "round list",
    "round show",
    "round edit",
    "round submit",
    "round settle",
    "round approve",
    "round reject",
    "round open",
    "round close",
    "round cancel",
    "round copy",
    "round plan",
    "round rehearse",
    "round order",
    "merchant import",
    "merchant list",
    "merchant show",
    "merchant suspend",
    "merchant reinstate",
    "merchant approve",
    "merchant reject",
    "claim import",
    "claim list",
    "redemption import",
    "redemption list",
    "redemption check",
    "batch list",
    "batch show",
    "batch rejects",
    "batch resume",
    "batch retry",
    "batch undo",
    "report leverage",
    "report rounds",
    "todo",
    "check",
    "demo",
    "doctor",
    "application import",
    "application list",
    "eligibility import",
    "eligibility list",
    "eligibility approve",
    "eligibility remove",
    "eligibility reject",
    "round allocate",
    "claim grant",
    "schedule tick",
    "schedule show",
    "schedule print",
    "schedule install",
    "schedule remove",
    "schedule status",
    "audit log",
    "audit package",
    "audit sample",
    "risk sample",
    "audit samples",
    "audit verify",
    "law show",
    "audit head",
    "audit witness",
    "round pause",
    "round resume",
    "round top-up",
    "round reduce",
    "round reschedule",
    "round extend",
    "round replace",
    "round lower",
    "round reopen",
    "round draw",
    "draw commit",
    "draw entrants",
    "draw run",
    "draw show",
    "draw verify",
    "key show",
    "key rotate",
}
# names of before, which go on and stand in no page
HIDDEN = {"round lower"}
# (command, did it work): of this process, and in the end of all workers
RAN: set[tuple[str, bool]] = set()
MISSING: list[str] = []


def one_sided(ran: set[tuple[str, bool]], commands: set[str]) -> list[str]:
    """Commands that no test showed to work, or none to be refused."""
    worked = [
        f"{command}: no test in which it works"
        for command in commands
        if (command, True) not in ran
    ]
    refused = [
        f"{command}: no test in which it is refused"
        for command in commands
        if (command, False) not in ran
    ]
    return sorted(worked + refused)


def remember(args: tuple[str, ...], code: int) -> None:
    """Note which command ran and whether it did its work (exit 0, or 4: done in part)."""
    command = next(
        (" ".join(args[:length]) for length in (2, 1) if " ".join(args[:length]) in EVERY_COMMAND),
        None,
    )
    if command and "--help" not in args:
        RAN.add((command, code in (0, 4)))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(tiers, "tiers")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: it is not searched for garbage time and again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    """A worker of pytest-xdist is done: take over what its tests ran."""
    RAN.update(
        (command, worked) for command, worked in getattr(node, "workeroutput", {}).get("ran", ())
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    processes.close()
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["ran"] = sorted(RAN)
        return
    is_whole = (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and not config.option.keyword
        and not config.option.collectonly
    )
    if is_whole and exitstatus == 0 and config.option.markexpr == "not slow":
        MISSING.extend(one_sided(RAN, EVERY_COMMAND))
        session.exitstatus = 1 if MISSING else 0


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for line in MISSING:
        terminalreporter.write_line(f"FAILED: {line}", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bless",
        action="store_true",
        help="rewrite the golden files instead of comparing with them",
    )


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten."""
    return bool(request.config.getoption("--bless"))


@dataclass(frozen=True)
class Ran:
    """What one command line did; `clock` is the line that says under which clock, which a test
    asks for by itself.
    """

    code: int
    out: str
    err: str
    clock: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        return self.json["data"]


CLOCK = re.compile(r"^(acting as if it were |按 \S+ \S+ 办理（).*\n", re.MULTILINE)


def parted(err: str) -> tuple[str, str]:
    """What a command said, without the line of its clock, and that line."""
    found = CLOCK.search(err)
    return (CLOCK.sub("", err, count=1), found[0].rstrip("\n")) if found else (err, "")


@pytest.fixture(autouse=True)
def english() -> None:
    """Every test begins in English, whatever the one before it spoke."""
    speak("en")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, at a fixed moment, on a machine whose clock stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOUCHER_NOW", towns.START)
    monkeypatch.setenv("COLUMNS", "80")
    clock = SimpleNamespace(time=lambda: towns.at(towns.MACHINE))
    monkeypatch.setattr("vouchercli.cli.options.time", clock)
    return tmp_path


@pytest.fixture
def voucher(here: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `voucher ARGS...` in `here`; `expect` is the exit code it must have (None: any)."""

    def run(*args: str, expect: int | None = 0) -> Ran:
        capfd.readouterr()
        now = os.environ.get("VOUCHER_NOW")
        code = main(towns.in_time(args, is_usual=now == towns.START) if now else args)
        captured = capfd.readouterr()
        ran = Ran(code, captured.out, *parted(captured.err))
        remember(args, code)
        assert expect is None or code == expect, f"exit {code}, not {expect}\n{ran.out}\n{ran.err}"
        return ran

    return run


@pytest.fixture(params=["forked", pytest.param("started", marks=pytest.mark.slow)])
def start(request: pytest.FixtureRequest) -> Start:
    """`start(folder, "round", "list", ...)`: a command in a process of its own, see
    processes.py.
    """
    return processes.forked if request.param == "forked" else processes.started


PACK = towns.pack(
    "pack",
    towns.coupon("10.00", "40.00", 3),
    {"kind": "percent_off", "percent": "10", "threshold": "2000.00", "cap": "400.00"},
)
CLAIMS = """\
claim_no,round,resident,claimed_at
C1,r1,330102199001010012,2020-03-27 08:00:01
C2,r1,330102199001010020,2020-03-27 08:00:02
C3,r1,330102199001010039,2020-03-27 08:00:03
"""
MERCHANTS = "merchant_no,name,district\nM1,面馆,西湖区\nM2,书店,上城区\n"


BUILT: dict[
    object, dict[str, tuple[int, bytes]]
] = {}  # the towns of this run: the files of each, to be laid down again


# What a town is built by, so that it is the same for all tests.
USUAL = (
    (chunks, "LINES", chunks.LINES),
    (chunks, "TOGETHER", chunks.TOGETHER),
    (by_columns, "BYTES", by_columns.BYTES),
)


@pytest.fixture
def once(here: Path) -> Once:
    """`once(key, build)`: what `build` makes of the folder `here`. It builds for the first test
    that asks; for the others the same files are laid down again. Nothing else that it does may
    matter.
    """

    def files() -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(here)): (path.stat().st_mode, path.read_bytes())
            for path in here.rglob("*")
            if path.is_file()
        }

    def lay(key: object, build: Callable[[], object]) -> None:
        if key not in BUILT:
            before = files()
            with pytest.MonkeyPatch.context() as patch:
                for place, name, value in USUAL:  # whatever the test that asks first has set
                    patch.setattr(place, name, value)
                with tiers.shared():
                    build()
            BUILT[key] = dict(files().items() - before.items())
            return
        for name, (mode, content) in BUILT[key].items():
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            (here / name).write_bytes(content)
            (here / name).chmod(mode)  # the key file is refused when others may read it

    return lay


@pytest.fixture
def city(voucher: Callable[..., Ran], once: Once) -> Callable[..., Callable[..., Ran]]:
    """A small town with an open round r1 (10 packs), two merchants and three claims; `city(policy)`
    gives `voucher`.
    """

    def build(policy: str = "full_restores", *, with_claims: bool = True) -> Callable[..., Ran]:
        once(("city", str(policy), with_claims), lambda: _build(voucher, policy, with_claims))
        return voucher

    return build


def _build(voucher: Callable[..., Ran], policy: str, with_claims: bool) -> None:
    programme = towns.programme(
        funds={"treasury": "1000000.00", "shops": "merchant"},
        limits={"packs_per_resident_per_round": 1, "vouchers_per_merchant_per_day": 2},
        refunds=policy,
    )
    towns.build(voucher, programme, PACK)
    towns.make_round(voucher, "r1", closes="2020-03-28 08:00", state="open")
    voucher("merchant", "import", towns.write("merchants.csv", MERCHANTS))
    towns.write("claims.csv", CLAIMS)
    if with_claims:
        voucher("claim", "import", "claims.csv")


@pytest.fixture
def keys(here: Path) -> list[str]:
    """Two public keys of age; their secret keys are in the files 0.key and 1.key."""
    age = pytest.importorskip("pyrage")
    made = [age.x25519.Identity.generate() for _ in range(3)]
    for number, each in enumerate(made):
        (here / f"{number}.key").write_text(f"# made for a test\n{each}\n")
    return [str(each.to_public()) for each in made[:2]]
