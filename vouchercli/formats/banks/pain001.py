"""ISO 20022 pain.001.001.09, a customer's credit transfers, for payments in CNY inside the country.

Accounts have no IBAN: they stand under Othr/Id. A bank is named by its number in the payment system
of the People's Bank of China (code CNAPS of the external code list of clearing systems) and by its
name. The same order gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from vouchercli.formats.banks import money, order_checks
from vouchercli.formats.banks.order_checks import Limit, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.transfers import Payer, PaymentOrder, Transfer, Written

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="' + NAMESPACE + '">\n'
CLEARING_SYSTEM = "CNAPS"
ID, TEXT, ACCOUNT = Limit(35), Limit(140), Limit(34)
LIMITS = Limits(
    {
        "order_no": ID,
        "payer_name": TEXT,
        "payer_account_no": ACCOUNT,
        "payer_bank": TEXT,
        "transfer_no": ID,
        "name": TEXT,
        "account_no": ACCOUNT,
        "bank": TEXT,
        "purpose": TEXT,
    }
)
AT_ONCE = 500  # transfers in one piece of the file


def check(order: PaymentOrder) -> Written:
    """Count and sum of the order. Raises `VoucherError` as `order_checks.check`."""
    return order_checks.check(order, LIMITS)


def pieces(order: PaymentOrder) -> Iterator[bytes]:
    """The file, piece by piece: memory does not grow with it. Raises as `check`, before the first
    piece.
    """
    written = check(order)
    yield _head(order, written).encode()
    some: list[str] = []
    for transfer in order.transfers:
        some.append(_transfer(transfer))
        if len(some) == AT_ONCE:
            yield "".join(some).encode()
            some.clear()
    yield ("".join(some) + "</PmtInf>\n</CstmrCdtTrfInitn>\n</Document>\n").encode()


def _head(order: PaymentOrder, written: Written) -> str:
    payer, number = order.payer, escape(order.order_no)
    sums = f"<NbOfTxs>{written.transfers}</NbOfTxs><CtrlSum>{money.yuan(written.sum_fen)}</CtrlSum>"
    return (
        f"{PROLOG}<CstmrCdtTrfInitn>\n"
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>{money.iso_time(order.made_at)}</CreDtTm>{sums}"
        f"<InitgPty>{_name(payer.name)}</InitgPty></GrpHdr>\n"
        f"<PmtInf><PmtInfId>{number}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>"
        f"{sums}<ReqdExctnDt><Dt>{money.iso_day(order.pay_on)}</Dt></ReqdExctnDt>"
        f"<Dbtr>{_name(payer.name)}</Dbtr>"
        f"<DbtrAcct>{_account(payer.account_no)}<Ccy>CNY</Ccy></DbtrAcct>"
        f"<DbtrAgt>{_bank(payer)}</DbtrAgt>\n"
    )


def _transfer(transfer: Transfer) -> str:
    number = escape(transfer.transfer_no)
    purpose = escape(transfer.purpose)
    return (
        f"<CdtTrfTxInf><PmtId><InstrId>{number}</InstrId><EndToEndId>{number}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="CNY">{money.yuan(transfer.amount_fen)}</InstdAmt></Amt>'
        f"<CdtrAgt>{_bank(transfer)}</CdtrAgt><Cdtr>{_name(transfer.name)}</Cdtr>"
        f"<CdtrAcct>{_account(transfer.account_no)}</CdtrAcct>"
        + (f"<RmtInf><Ustrd>{purpose}</Ustrd></RmtInf>" if purpose else "")
        + "</CdtTrfTxInf>\n"
    )


def _name(name: str) -> str:
    return f"<Nm>{escape(name)}</Nm>"


def _account(account_no: str) -> str:
    return f"<Id><Othr><Id>{escape(account_no)}</Id></Othr></Id>"


def _bank(party: Payer | Transfer) -> str:
    """The bank by its number where there is one, and by its name."""
    member = (
        f"<ClrSysMmbId><ClrSysId><Cd>{CLEARING_SYSTEM}</Cd></ClrSysId>"
        f"<MmbId>{party.bank_no}</MmbId></ClrSysMmbId>"
        if party.bank_no
        else ""
    )
    return f"<FinInstnId>{member}{_name(party.bank) if party.bank else ''}</FinInstnId>"
