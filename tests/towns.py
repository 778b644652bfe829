"""One builder of test towns: a programme with its funds and people, its packs, its rounds.

A town is built by the program's own commands, so its file is one that the program can have written.
A test that needs another one changes it by hand afterwards. The builder is given the command it
uses: the fixture `voucher`, or `command` where there is no fixture. Built files are kept and copied:
by the fixture `once` in a folder, by `in_memory` and `in_folder` for tests that need hundreds.

By hand stay: the facts of test_reports.py, which lays down its figures one by one upon a built town;
the session of test_json_contract.py, a list of commands that is itself what is tested; and residents
whose tokens a test must know, in the tests that compare the law with the store.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli.cli.main import main
from vouchercli.rules import limits, times
from vouchercli.rules.claim_limits import LimitsInTime, limits_in_time
from vouchercli.session import Session
from vouchercli.store import db as store

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    Voucher = Callable[..., Any]

ZONE = "Asia/Shanghai"
OPENS, CLOSES = "2020-03-27 08:00", "2020-03-29 08:00"
KINDS = ("public", "platform", "merchant")
CLAIMS = "claim_no,round,resident,claimed_at\n"
PAYMENTS = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of\n"
STATES = ("draft", "submitted", "approved", "open")
START = "2020-03-20T09:00:00+08:00"  # the fixed moment of tests that name none
MACHINE = "2026-11-27 09:00"  # what the machine's clock says in tests
LATER = "2020-06-30 09:00"
FILES = ("application", "claim", "redemption", "batch")
OF_FILES = ("import", "retry", "resume", "undo")
OF_ROUNDS = ("round", "draw", "programme", "merchant", "claim")
LAST_DEED = """
SELECT max(at) FROM audit WHERE deed NOT LIKE 'day.%' -- its subject is a date, as many values are
    AND (subject IN (SELECT value FROM json_each(?)) OR deed LIKE 'programme.%' AND ? = 'programme')
"""


def in_time(args: Sequence[str], *, is_usual: bool = True) -> tuple[str, ...]:
    """The command as it runs, unless a test says when: files come when what they tell of has
    happened (`is_usual`: the clock is the one of tests that name none), and the clock does not go
    behind the last deed on what the command names.
    """
    if "--now" in args or len(args) < 2:
        return (*args,)
    if is_usual and args[0] in FILES and args[1] in OF_FILES:
        return (*args, "--now", LATER)
    last = _last_deed(args) if args[0] in OF_ROUNDS and args[1] not in ("show", "plan") else None
    return (*args,) if last is None else (*args, "--now", times.iso(last, ZONE))


def _last_deed(args: Sequence[str]) -> int | None:
    """When something was last done on what a command names, if that is later than its clock."""
    path = Path("voucher.db")
    if not path.is_file():
        return None
    with closing(sqlite3.connect(path)) as db:
        try:
            last: int | None = db.execute(LAST_DEED, (json.dumps(args), args[0])).fetchone()[0]
        except sqlite3.DatabaseError:  # a file that is none of ours
            return None
    return last if last is not None and last > at(os.environ["VOUCHER_NOW"]) else None


def at(text: str, zone: str = ZONE) -> int:
    """The moment of a time as a person writes it, in UTC seconds."""
    return times.parse(text, zone)


def sampled(values: Mapping[str, Any], every: int = 6) -> list[Any]:
    """These values as parameters, with their names; all but every sixth only with the slow suites."""
    return [
        pytest.param(value, id=name, marks=[pytest.mark.slow] if place % every else [])
        for place, (name, value) in enumerate(values.items())
    ]


# ---------------------------------------------------------------- documents


def programme(
    code: str = "town",
    *,
    funds: Mapping[str, str] | None = None,
    staff: Mapping[str, str] | None = None,
    one_checker_up_to: str = "",
    **more: Any,
) -> dict[str, Any]:
    """The document of a programme. `funds`: an amount of public money, or a kind without money;
    `staff`: roles by name; above `one_checker_up_to` yuan two checkers are needed.
    """
    funders = {
        name: {"kind": fund} if fund in KINDS else {"kind": "public", "amount": fund}
        for name, fund in (funds or {"treasury": "1000000.00"}).items()
    }
    document = {
        "programme": code,
        "name": {"zh": "小镇", "en": "Town"},
        "time_zone": ZONE,
        "funders": funders,
    }
    if staff:
        document["staff"] = [
            {"name": name, "roles": roles.split()} for name, roles in staff.items()
        ]
    if one_checker_up_to:
        document["approvals"] = [{"up_to": one_checker_up_to, "checkers": 1}, {"checkers": 2}]
    return document | more


def pack(code: str = "pack", *coupons: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The document of a card pack: five coupons of 10 yuan from 40 on, unless others are given."""
    return {
        "template": code,
        "name": {"zh": "消费券", "en": "Voucher"},
        "coupons": list(coupons) or [coupon("10", "40", 5)],
        "validity": {"days_after_claim": 7},
        "funding": {"treasury": "100%"},
    } | more


def coupon(denomination: str, threshold: str, count: int = 1) -> dict[str, Any]:
    """So many coupons of that many yuan off a payment from the threshold on."""
    return {
        "count": count,
        "kind": "amount_off",
        "denomination": denomination,
        "threshold": threshold,
    }


def write(path: str | Path, content: str | dict[str, Any]) -> str:
    """Write a text, or a document, to a file; its path."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    Path(path).write_text(text, "utf-8")
    return str(path)


# ---------------------------------------------------------------- the town


def build(
    voucher: Voucher, programme: dict[str, Any], *packs: dict[str, Any], merchants: str = ""
) -> None:
    """A new file in this folder with the programme, its packs and the merchants of a registry."""
    voucher("init")
    voucher("programme", "load", write("programme.yaml", programme))
    for each in packs:
        voucher("template", "add", write(f"{each['template']}.yaml", each))
    if merchants:
        voucher("merchant", "import", write("merchants.csv", merchants))


def change(
    voucher: Voucher, *, maker: str = "mei", checkers: Sequence[str] = ("lin",), **more: Any
) -> None:
    """Load the programme of this folder again with other values; rounds rest on it, so the checkers
    approve.
    """
    document = json.loads(Path("programme.yaml").read_text("utf-8")) | more
    voucher("programme", "load", write("programme.yaml", document), "--actor", maker)
    for checker in checkers:
        voucher("programme", "approve", "--actor", checker)


def draft(
    voucher: Voucher,
    code: str,
    *options: str,
    template: str = "pack",
    packs: int = 10,
    opens: str = OPENS,
    closes: str | None = None,
    maker: str | None = "mei",
    expect: int = 0,
) -> Any:
    """What `round create` answers. Without `closes` the round ends as the program decides, without
    `maker` the login makes it.
    """
    terms = ["--template", template, "--packs", str(packs), "--opens-at", opens]
    terms += ["--closes-at", closes] if closes else []
    terms += ["--actor", maker] if maker else []
    return voucher("round", "create", code, *terms, *options, expect=expect)


def make_round(
    voucher: Voucher,
    code: str,
    *options: str,
    state: str = "approved",
    opens: str = OPENS,
    maker: str = "mei",
    checkers: Sequence[str] = ("lin",),
    everywhere: Sequence[str] = (),
    **terms: Any,
) -> None:
    """Draft a round and take it as far as `state`. `options` and `terms` go with its creation, the
    options of `everywhere` with each command.
    """
    steps = STATES.index(state)
    draft(voucher, code, *options, *everywhere, opens=opens, maker=maker, **terms)
    if steps > 0:
        voucher("round", "submit", code, "--actor", maker, *everywhere)
    for checker in checkers if steps > 1 else ():
        voucher("round", "approve", code, "--actor", checker, *everywhere)
    if steps > 2:
        now = max(opens, os.environ["VOUCHER_NOW"], key=at)
        voucher("round", "open", code, "--actor", maker, *everywhere, "--now", now)


# ---------------------------------------------------------------- its file


@contextmanager
def session(path: Path, actor: str = "tester", now: int | None = None) -> Iterator[Session]:
    """A session on a file, at the moment LATER unless another is given."""
    moment = at(LATER) if now is None else now
    with closing(store.open_db(path)) as db:
        yield Session(db, path, moment, actor, actor, moment)


def ask(folder: str | Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the town in a folder."""
    with closing(sqlite3.connect(Path(folder, "voucher.db"))) as db:
        return db.execute(statement, values).fetchall()


def by_hand(folder: str | Path, *statements: str) -> None:
    """Change the town in a folder as no command does."""
    with closing(sqlite3.connect(Path(folder, "voucher.db"))) as db, db:
        for statement in statements:
            db.execute(statement)


# ---------------------------------------------------------------- without fixtures


def book(db: sqlite3.Connection) -> None:
    """Facts that a test lays down by hand are booked from here on, as those of a command are while
    it writes them (store.ledger.booking).
    """
    db.execute(
        "INSERT INTO booking (only, why, batch_id, open_on, posted_at, first_new) SELECT 1, 'by hand', NULL, 0, 0, ifnull(max(posting_id), 0) + 1"
        " FROM postings"
    )


def endow(db: sqlite3.Connection) -> None:
    """Every round has plenty of every funder's money, where money is not what is tried."""
    db.execute(
        "INSERT INTO postings (funder_id, round_id, from_account, to_account, amount_fen, why, day,"
        " booked_on, posted_at) SELECT funder_id, round_id, 'appropriated', 'committed', 1 << 40,"
        " 'by hand', 0, 0, 0 FROM funders, rounds"
    )


def command(*args: str, expect: int = 0) -> None:
    """`voucher ARGS` in this folder; what it says is not kept."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(in_time(args))
    assert code == expect, f"{args}: exit {code}\n{said.getvalue()}"


BUILT: dict[Hashable, dict[str, bytes]] = {}  # the towns of this run: the files of each


def files(key: Hashable, now: str, make: Callable[[Voucher], None]) -> dict[str, bytes]:
    """The files of the town that `make` builds with commands at the moment `now`; one is built for
    each key.
    """
    if key not in BUILT:
        with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for name in ("VOUCHER_DB", "VOUCHER_PROGRAMME", "VOUCHER_LANG", "VOUCHER_ACTOR"):
                patch.delenv(name, raising=False)
            patch.setenv("VOUCHER_NOW", now)
            make(command)
            BUILT[key] = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return BUILT[key]


def in_memory(key: Hashable, now: str, make: Callable[[Voucher], None]) -> Session:
    """A copy of that town in memory, opened as store.open_db does, at the moment LATER."""
    content = files(key, now, make)["voucher.db"]
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
    db.deserialize(content[:18] + b"\x01\x01" + content[20:])  # in memory no log stands beside it
    return Session(db, Path(":memory:"), at(LATER), "tester", "tester", at(LATER))


def in_folder(folder: Path, key: Hashable, now: str, make: Callable[[Voucher], None]) -> Session:
    """A copy of that town in a folder, open at the moment LATER."""
    for name, content in files(key, now, make).items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)  # the key file is refused when others may read it
    path = folder / "voucher.db"
    return Session(store.open_db(path), path, at(LATER), "tester", "tester", at(LATER))


def limited(
    per_round: int = 1,
    week: int | None = None,
    programme: int | None = None,
    across: Sequence[int] = (),
    **most: int | None,
) -> LimitsInTime:
    """Limits of claims that never changed."""
    names = {limits.PER_WEEK: week, limits.PER_PROGRAMME: programme} | most
    kept = {name: limits.always(each) for name, each in names.items()}
    return limits_in_time(per_round, kept, tuple((each, limits.always(1)) for each in across))
