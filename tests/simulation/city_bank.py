"""The bank of the city: it reads payment files, pays, rejects, gives back days later, keeps silent, and
stammers. Its own books say what it has done; it knows nothing of the program but its files.
"""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from city_model import fen
from small_city import HOUR, shown, yuan

if TYPE_CHECKING:
    import random
    from pathlib import Path

PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
# What the bank does with a transfer, and after how many hours it says so.
FATES: tuple[tuple[tuple[str, int], ...], ...] = (
    *((("paid", 0),), (("paid", 1),), (("paid", 3),), (("paid", 20),)),
    *((("accepted", 0), ("paid", 6)), (("accepted", 1), ("rejected", 4))),
    *((("rejected", 0),), (("rejected", 2),)),
    *((("paid", 1), ("returned", 20)), (("paid", 0), ("returned", 4))),
    (("paid", 50),),
)
REASONS = (("AC01", "no such account"), ("AC04", "account closed"), ("BE01", "name differs"))
STAMMER = ("unknown", "off", "again", "contrary", "repeat")
HEAD = "transfer_no,status,amount,paid_on,reference,reason_code,reason"


class Said(NamedTuple):
    """One answer: `fen` as the bank says it."""

    number: str
    status: str
    fen: int
    day: str
    reference: str
    reason: tuple[str, str] = ("", "")


@dataclass
class Line:
    """A transfer at the bank: what will be done with it when, and how much of that it has said."""

    number: str
    account: str
    fen: int
    fate: list[tuple[int, str]]
    reason: tuple[str, str]
    told: int = 0

    def next(self, now: int) -> str:
        """What the bank would say of it next; '' when nothing."""
        at, status = self.fate[self.told] if self.told < len(self.fate) else (now + 1, "")
        return status if at <= now else ""

    def has_done(self) -> str:
        """What it has said last."""
        return self.fate[self.told - 1][1] if self.told else ""


class Answer(NamedTuple):
    """A file of the bank."""

    text: str
    ending: str
    said: list[Said]


@dataclass
class Bank:
    lines: dict[str, Line] = field(default_factory=dict)
    orders: dict[str, list[str]] = field(default_factory=dict)
    files: int = 0

    def take(self, path: Path, now: int, chance: random.Random) -> dict[str, tuple[str, int]]:
        """Read a payment file; what it asks for: number -> (account, fen)."""
        order, asked = read(path)
        if order in self.orders:
            return asked
        self.orders[order] = [*asked]
        for number, (account, amount) in asked.items():
            fate = [(now + hours * HOUR, what) for what, hours in chance.choice(FATES)]
            line = Line(number, account, amount, fate, chance.choice(REASONS))
            self.lines[number] = line
        return asked

    def speak(
        self, now: int, chance: random.Random, *, is_iso: bool, stammers: bool
    ) -> Answer | None:
        """The next file of the bank; None: it keeps silent."""
        kinds = ({"accepted", "rejected"}, {"paid", "returned"})
        due = [(line, line.next(now)) for line in self.lines.values() if line.next(now)]
        kind = {*kinds[0], *kinds[1]}
        if is_iso:  # a report on orders, or a notice of bookings
            is_report = bool(due) and due[0][1] in kinds[0]
            kind = kinds[0] if is_report else kinds[1]
        said = [
            _say(line, what, now)
            for line, what in due
            if what in kind and (not stammers or chance.random() < 0.9)
        ]
        if stammers:
            said = self._stammer(said, chance.choice(STAMMER), kind, now, chance)
        if not said:
            return None
        self.files += 1
        if not is_iso:
            return Answer(_table(said, self.files), "csv", said)
        if kind == kinds[0]:
            return Answer(_report(said, self.files, now), "xml", said)
        return Answer(_notice(said, self.files, now), "xml", said)

    def _stammer(
        self, said: list[Said], how: str, kind: set[str], now: int, chance: random.Random
    ) -> list[Said]:
        told = {each.number for each in said}
        old = sorted(no for no, line in self.lines.items() if line.told and no not in told)
        own = "paid" if "paid" in kind else "rejected"
        if how == "unknown" and self.lines:  # a number of this city, that it never gave
            number = re.sub(r"S\d+-\d+$", "S9999-1", chance.choice(sorted(self.lines)))
            said.append(Said(number, own, 100, shown(now)[:10], "B9", REASONS[0]))
        elif how == "off" and said:
            said[-1] = said[-1]._replace(fen=said[-1].fen + chance.choice((1, -1)))
        elif how == "again" and old:
            line = self.lines[chance.choice(old)]
            if line.has_done() in kind:
                said.append(_say(line, line.has_done(), now))
        elif how == "contrary" and old:
            line = self.lines[chance.choice(old)]
            other = {"paid": "rejected", "rejected": "paid"}.get(line.has_done(), "")
            if other in kind:
                said.append(_say(line, other, now))
        elif how == "repeat" and said and said[-1].status == "rejected":
            said[-1] = said[-1]._replace(reason=("DUPL", "known already"))
        return said

    def was_told(self, said: list[Said]) -> None:
        """The city has heard it: what was right is not said again."""
        for each in said:
            line = self.lines.get(each.number)
            if line is None or each.fen != line.fen or each.reason[0] == "DUPL":
                continue
            if line.told < len(line.fate) and line.fate[line.told][1] == each.status:
                line.told += 1

    def paid(self) -> dict[str, int]:
        """What each account has got, as far as the city has heard."""
        found: dict[str, int] = {}
        for line in self.lines.values():
            if line.has_done() == "paid":
                found[line.account] = found.get(line.account, 0) + line.fen
        return found

    def pay_all(self, now: int) -> None:
        """Whatever it was going to do: all that waits is paid by now, and nothing comes back."""
        for line in self.lines.values():
            is_waiting = line.has_done() in ("", "accepted")
            line.fate = [*line.fate[: line.told], *([(now, "paid")] if is_waiting else [])]


def _say(line: Line, status: str, now: int) -> Said:
    reason = line.reason if status in ("rejected", "returned") else ("", "")
    day = shown(now)[:10] if status in ("paid", "returned") else ""
    return Said(line.number, status, line.fen, day, f"B{line.number}", reason)


# ---------------------------------------------------------------- files


def read(path: Path) -> tuple[str, dict[str, tuple[str, int]]]:
    """The number of an order, and its lines."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [*csv.DictReader(file)]
        asked = {row["transfer_no"]: (row["account_no"], fen(row["amount"])) for row in rows}
        order = rows[0]["transfer_no"].rpartition("-")[0]
    else:
        root = ET.parse(path).getroot()
        order = root.findtext(f".//{PAIN}GrpHdr/{PAIN}MsgId") or ""
        rows_ = root.findall(f".//{PAIN}CdtTrfTxInf")
        asked = {
            each.findtext(f"{PAIN}PmtId/{PAIN}EndToEndId") or "": (
                each.findtext(f"{PAIN}CdtrAcct/{PAIN}Id/{PAIN}Othr/{PAIN}Id") or "",
                fen(each.findtext(f"{PAIN}Amt/{PAIN}InstdAmt") or ""),
            )
            for each in rows_
        }
        if len(asked) != len(rows_):
            raise AssertionError(f"{path}: a transfer stands twice")
    return order, asked


def _table(said: list[Said], number: int) -> str:
    rows = [
        f"{each.number},{each.status},{yuan(each.fen)},{each.day},{each.reference},"
        f"{each.reason[0]},{each.reason[1]}"
        for each in said
    ]
    return "\n".join((HEAD, *rows, "")) + "\n" * number  # no two files have the same bytes


STATUSES = {"accepted": "ACSP", "rejected": "RJCT"}


def _report(said: list[Said], number: int, now: int) -> str:
    """pain.002: statuses of transfers, one by one."""
    rows = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{each.number}</OrgnlEndToEndId>"
        f"<TxSts>{STATUSES[each.status]}</TxSts>"
        + (
            f"<StsRsnInf><Rsn><Cd>{each.reason[0]}</Cd></Rsn>"
            f"<AddtlInf>{each.reason[1]}</AddtlInf></StsRsnInf>"
            if each.reason[0]
            else ""
        )
        + "<OrgnlTxRef><Amt><InstdAmt Ccy='CNY'>"
        f"{yuan(each.fen)}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>"
        for each in said
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>P{number}</MsgId><CreDtTm>{_moment(now)}</CreDtTm></GrpHdr>"
        "<OrgnlGrpInfAndSts><OrgnlMsgId>ALL</OrgnlMsgId>"
        "<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>ALL</OrgnlPmtInfId>{rows}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>\n"
    )


def _notice(said: list[Said], number: int, now: int) -> str:
    """camt.054: what was booked on the city's account."""
    rows = "".join(
        f"<Ntry><Amt Ccy='CNY'>{yuan(each.fen)}</Amt>"
        f"<CdtDbtInd>{'DBIT' if each.status == 'paid' else 'CRDT'}</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><Dt>{each.day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{each.reference}-{each.status}</AcctSvcrRef>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{each.number}</EndToEndId></Refs>"
        + (
            f"<RtrInf><Rsn><Cd>{each.reason[0]}</Cd></Rsn></RtrInf>"
            if each.status == "returned"
            else ""
        )
        + "</TxDtls></NtryDtls></Ntry>"
        for each in said
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02">'
        f"<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N{number}</MsgId>"
        f"<CreDtTm>{_moment(now)}</CreDtTm></GrpHdr><Ntfctn><Id>N{number}</Id>"
        "<Acct><Id><Othr><Id>9999990000000000001</Id></Othr></Id></Acct>"
        f"{rows}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"
    )


def _moment(now: int) -> str:
    return shown(now).replace(" ", "T") + "+08:00"
