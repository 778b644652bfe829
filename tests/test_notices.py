"""Real notices, run from YAML alone: what was worked by hand from each is what the program gives.

A folder of cases/notices is a notice: `notice.md` (in our own words), `programme.yaml`, its
templates, `rounds.yaml` (a line: the options of `round create`), `orders.yaml` (claims, payments
and refunds with what is right of each; amendments: later ends of vouchers) and `expected.yaml`: the reason of each row that is refused,
so that none is refused by chance, and what goes back to the fund where the notice does not say.
A notice with a clause that the program does not do has `refused:` there, the codes of each document.
`merchants.csv` and `eligibility.csv` of the folder come in before; the registry of all notices
stands beside them.
"""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from vouchercli.ops.intake import by_columns
from vouchercli.rules import money, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Ran

    Row = dict[str, Any]

NOTICES = Path(__file__).parent / "cases/notices"
FOLDERS = sorted(path.name for path in NOTICES.iterdir() if path.is_dir())
NOT_OURS = {"programme", "rounds", "orders", "expected"}  # the YAML of a folder that is no template
OPTIONS = {"opens": "opens_at", "closes": "closes_at"}  # a key of rounds.yaml by another name
KINDS = ("rounds", "amendments", "claims", "payments", "refunds")  # in this order within one second
SPENT = ("already_redeemed", "expired")  # why a voucher pays no more
MAKER, CHECKER = "chen", "lin"


class Event(NamedTuple):
    """Something of orders.yaml, in the order of time."""

    at: int
    kind: str
    row: Row

    @property
    def name(self) -> str:
        """How orders.yaml calls it."""
        named: str = self.row[{"rounds": "code"}.get(self.kind, self.kind[:-1])]
        return named


class Case:
    """A notice's folder, read."""

    def __init__(self, name: str) -> None:
        self.folder = NOTICES / name
        self.programme = self.document("programme.yaml")
        self.rounds: list[Row] = self.document("rounds.yaml")
        self.orders: dict[str, list[Row]] = self.document("orders.yaml")
        self.expected: Row = self.document("expected.yaml") or {}
        self.templates = {
            path.stem: self.document(path.name)
            for path in sorted(self.folder.glob("*.yaml"))
            if path.stem not in NOT_OURS
        }

    def document(self, name: str) -> Any:
        """A YAML file of the folder; None: it has none."""
        path = self.folder / name
        return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None

    def file(self, name: str) -> Path | None:
        """The folder's own file, or the one for all notices."""
        found = (self.folder / name, NOTICES / name)
        return next((path for path in found if path.exists()), None)

    def events(self) -> list[Event]:
        """Openings, claims, payments and refunds as they happened."""
        zone = self.programme["time_zone"]
        rows = {"rounds": [row | {"at": row["opens"]} for row in self.rounds]} | self.orders
        found = (
            Event(times.parse(row["at"], zone), kind, row)
            for kind in KINDS
            for row in rows.get(kind, ())
        )
        return sorted(found, key=lambda event: (event.at, KINDS.index(event.kind)))


# ---------------------------------------------------------------- a notice through the commands


class Office:
    """The commands that a bureau gives over a notice, and what they answered."""

    def __init__(self, voucher: Callable[..., Ran], case: Case) -> None:
        self.case = case
        self.zone = case.programme["time_zone"]
        self.voucher = voucher
        self.files = 0
        self.refused: dict[str, str] = {}  # by name: the reason code
        self.restored: set[str] = set()  # refunds after which the voucher is free

    def run(self, *args: str, now: int, actor: str = MAKER, expect: int | None = 0) -> Ran:
        """A command at that second."""
        moment = times.iso(now, self.zone)
        return self.voucher(*args, "--actor", actor, "--now", moment, expect=expect)

    def prepare(self) -> None:
        """All that is done before anything opens."""
        events = self.case.events()
        now = min(event.at for event in events) - 86_400
        self.run("init", now=now)
        self.run("programme", "load", str(self.case.folder / "programme.yaml"), now=now)
        for name in self.case.templates:
            self.run("template", "add", str(self.case.folder / f"{name}.yaml"), now=now)
        for noun, name in (("merchant", "merchants.csv"), ("eligibility", "eligibility.csv")):
            if path := self.case.file(name):
                self.run(noun, "import", str(path), now=now)
        for row in self.case.rounds:
            self.run("round", "create", row["code"], *terms(row), now=now)
            self.run("round", "submit", row["code"], now=now)
            self.run("round", "approve", row["code"], actor=CHECKER, now=now)

    def live(self) -> None:
        """What happened, a file for all that came one after the other."""
        for kind, group in groupby(self.case.events(), key=lambda event: event.kind):
            events = [*group]
            if kind == "rounds":
                for event in events:
                    self.open(event)
            elif kind == "amendments":
                for event in events:
                    self.extend(event)
            else:
                if self.case.programme["unused"] == "same_round":  # the night before has passed
                    self.run("schedule", "tick", now=events[0].at)
                take = self.claims if kind == "claims" else self.redemptions
                take(events)

    def open(self, event: Event) -> None:
        """The round opens; one that goes by a list is granted at once."""
        self.run("round", "open", event.name, now=event.at)
        if event.row.get("mode") == "targeted":
            self.run("round", "allocate", event.name, now=event.at)

    def extend(self, event: Event) -> None:
        """A later end for the vouchers of a round that are out, by two people."""
        words = (event.row["round"], "--until", event.row["until"], "--note", "as announced")
        self.run("round", "extend", *words, now=event.at)
        self.run("round", "approve", event.row["round"], actor=CHECKER, now=event.at)

    def claims(self, events: list[Event]) -> None:
        """Claims of a platform's file; those of a list (`@A`) are granted already."""
        rows = [
            {
                "claim_no": event.name,
                "round": event.row["round"],
                "resident": event.row["resident"],
                "claimed_at": event.row["at"],
            }
            for event in events
            if not event.name.startswith("@")
        ]
        if rows:
            self.take("claim", rows, events[-1].at)

    def redemptions(self, events: list[Event]) -> None:
        """Payments, or refunds one by one: what became of each voucher is looked at after each."""
        if events[0].kind == "payments":
            self.take("redemption", [self.payment(event.row) for event in events], events[-1].at)
            return
        for event in events:
            paid = self.paid(event.row["of"])
            self.take("redemption", [self.refund(event.row, paid)], event.at)
            if self.is_free(paid, event.at + 1):
                self.restored.add(event.name)

    def take(self, noun: str, rows: list[Row], now: int) -> None:
        """The rows as a file of the program's own layout; its rejects are noted by name."""
        self.files += 1
        path = Path(f"{noun}-{self.files}.csv")
        columns = dict.fromkeys(key for row in rows for key in row)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*columns], restval="")
            writer.writeheader()
            writer.writerows(rows)
        ran = self.run(noun, "import", str(path), "-o", "json", now=now + 1, expect=None)
        assert ran.code in (0, 4), ran.err
        batch = str(ran.data["batch"])
        rejects = self.run("batch", "rejects", batch, "-o", "json", now=now + 1).data["rejects"]
        names = [next(iter(row.values())) for row in rows]
        self.refused |= {names[each["line"] - 2]: each["reason"] for each in rejects}

    # ------------------------------------------------------------ rows

    def payment(self, row: Row) -> Row:
        """A payment as a platform tells of it."""
        return {
            "transaction_no": row["payment"],
            "kind": "pay",
            "claim_no": self.claim_no(row),
            "coupon_no": row["coupon"],
            "merchant_no": row["merchant"],
            "paid_at": row["at"],
            "order_amount": row["list"],
            "subsidy": self.would_pay(row) if row["pays"] == "refused" else row["pays"],
            "channel": row.get("channel", ""),
        } | more(row)

    def refund(self, row: Row, paid: Row) -> Row:
        """A refund as a platform tells of it."""
        back = row["returned_to_fund"]
        return {
            "transaction_no": row["refund"],
            "kind": "refund",
            "claim_no": paid["claim_no"],
            "coupon_no": paid["coupon_no"],
            "merchant_no": paid["merchant_no"],
            "paid_at": row["at"],
            "order_amount": row["amount"],
            "subsidy": self.case.expected["returns"][row["refund"]] if back == "unsaid" else back,
            "refund_of": row["of"],
        }

    def would_pay(self, row: Row) -> str:
        """What the voucher's face says, so that the row is not refused for its sum."""
        round_ = next(
            each["round"] for each in self.case.orders["claims"] if each["claim"] == row["claim"]
        )
        template = next(each["template"] for each in self.case.rounds if each["code"] == round_)
        pack = [
            line
            for line in self.case.templates[template]["coupons"]
            for _ in range(line.get("count", 1))
        ]
        line = pack[row["coupon"] - 1]
        if line["kind"] == "amount_off":
            face: str = line["denomination"]
            return face
        share = money.half_up(fen(row["list"]) * int(line["percent"]), 100)
        return money.yuan(min(share, fen(line["cap"])))

    def claim_no(self, row: Row) -> str:
        """The number of a claim; `@A` is the one that resident A was granted."""
        name: str = row["claim"]
        if not name.startswith("@"):
            return name
        claim = next(each for each in self.case.orders["claims"] if each["claim"] == name)
        found = self.claim_list("--round", claim["round"], "--resident", claim["resident"])
        number: str = found[0]["claim_no"]
        return number

    # ------------------------------------------------------------ what stands

    def claim_list(self, *options: str) -> list[Row]:
        found: list[Row] = self.voucher("claim", "list", *options, "-o", "json").data["claims"]
        return found

    def paid(self, transaction: str) -> Row:
        rows = self.voucher("redemption", "list", "-o", "json").data["redemptions"]
        found: Row = next(row for row in rows if row["transaction_no"] == transaction)
        return found

    def is_free(self, paid: Row, at: int) -> bool:
        """Whether the voucher of that payment could pay the same again at that second."""
        options = {
            "claim": paid["claim_no"],
            "coupon": str(paid["coupon_no"]),
            "merchant": paid["merchant_no"],
            "amount": money.yuan(paid["base_fen"]),
            "at": times.iso(at, self.zone),
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        ran = self.voucher("redemption", "check", *words, "-o", "json", expect=None)
        assert ran.data["reason"] in (None, *SPENT), "nothing is said of the voucher"
        return ran.data["reason"] is None


def terms(row: Row) -> Iterable[str]:
    """The options of `round create` that a line of rounds.yaml says."""
    for key, value in row.items():
        if key != "code":
            yield "--" + OPTIONS.get(key, key).replace("_", "-")
            yield str(value)


def more(row: Row) -> Row:
    """What else the row's order says, a column for each `word: value`; words alone are for people."""
    pairs = (part.split(":", 1) for part in row.get("more", "").split(",") if ":" in part)
    return {word.strip(): value.strip() for word, value in pairs}


def fen(yuan: str) -> int:
    return money.parse_yuan(yuan)


# ---------------------------------------------------------------- what is right


REFUSED = [name for name in FOLDERS if "refused" in Case(name).expected]


@pytest.mark.parametrize("by", ["rows", "columns"])
@pytest.mark.parametrize("name", [name for name in FOLDERS if name not in REFUSED])
def test_a_notice_gives_what_was_worked_by_hand(
    voucher: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, name: str, by: str
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 0 if by == "columns" else 1 << 40)
    monkeypatch.delenv("VOUCHER_NOW")
    office = Office(voucher, Case(name))
    office.prepare()
    office.live()
    assert found(office) == right(office.case)
    voucher("check")


def right(case: Case) -> Row:
    """By name, what the orders say: granted, or a reason; what is paid by the fund and the buyer;
    what goes back and what becomes of the voucher.
    """
    reasons, returns = case.expected.get("reasons", {}), case.expected.get("returns", {})
    said: Row = {}
    for event in case.events():
        row = event.row
        if "refused" in (row.get("expect"), row.get("pays")):
            said[event.name] = reasons.get(event.name, "its reason is missing in expected.yaml")
        elif event.kind == "claims":
            said[event.name] = row["expect"]
        elif event.kind == "payments":
            said[event.name] = (fen(row["pays"]), fen(row["own"]))
        elif event.kind == "refunds":
            back = row["returned_to_fund"]
            said[event.name] = (
                fen(returns[event.name] if back == "unsaid" else back),
                row["voucher"],
            )
    return said


def found(office: Office) -> Row:
    """The same of what stands in the file."""
    stands: Row = {**office.refused}
    held = {claim["claim_no"] for claim in office.claim_list()}
    for row in office.case.orders["claims"]:
        if office.claim_no(row) in held:
            stands[row["claim"]] = "granted"
    for row in office.voucher("redemption", "list", "-o", "json").data["redemptions"]:
        name, subsidy = row["transaction_no"], row["subsidy_fen"]
        if row["kind"] == "pay":
            stands[name] = (subsidy, row["base_fen"] - subsidy - row["match_fen"])
        else:
            stands[name] = (-subsidy, "restored" if name in office.restored else "used")
    return stands


@pytest.mark.parametrize("name", REFUSED)
def test_a_clause_that_is_not_done_refuses_its_document(
    voucher: Callable[..., Ran], name: str
) -> None:
    case = Case(name)
    voucher("init")
    for document, codes in case.expected["refused"].items():
        deed = ("programme", "load") if document == "programme" else ("template", "check")
        ran = voucher(*deed, str(case.folder / f"{document}.yaml"), "-o", "json", expect=3)
        assert sorted({each["code"] for each in ran.json["problems"]} - {"bad_yaml"}) == codes


def test_every_notice_is_here() -> None:
    numbers = sorted(int(name[:2]) for name in FOLDERS)
    assert numbers == list(range(1, len(numbers) + 1))
