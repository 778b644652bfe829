"""How one bank takes payments and answers them: `configs/banks/*.yaml` explain the grammar by
example.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vouchercli.documents import Node
from vouchercli.formats.configs import encoding_names, locate, profiles, yamls
from vouchercli.formats.configs.profiles import both_names

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.documents import Fault
    from vouchercli.formats.configs.profiles import Profile

Form = Literal["csv", "xlsx", "pain.001"]
FORMS: tuple[Form, ...] = ("csv", "xlsx", "pain.001")
KEYS = ("bank", "name", "source", "payment", "answers")
# What a cell of a payment file may say. Those of the order are also for lines above and below.
OF_ORDER = (
    "order_no",
    "pay_on",
    "payer_name",
    "payer_account_no",
    "payer_bank",
    "payer_bank_no",
    "count",
    "sum",
)
OF_TRANSFER = ("transfer_no", "name", "account_no", "bank", "bank_no", "amount", "purpose")
OF_ROW = ("row_no", *OF_TRANSFER)
TABLE_KEYS = (
    "columns",
    "sheet",
    "encoding",
    "delimiter",
    "unit",
    "header",
    "most_rows",
    "days",
    "above",
    "below",
)
CELL = ("field", "value", "most", "most_bytes", "optional")
DAYS = {"yyyymmdd": "", "yyyy-mm-dd": "-", "yyyy/mm/dd": "/"}
LAST_ROW = 1_048_000  # of a sheet
OF_SHEETS = "gb18030"  # by which bytes of a sheet's cells count, as Chinese banks count them


class Cell(NamedTuple):
    """What stands in one cell: one of our fields, or a `value` that is always the same. `most`,
    `most_bytes`: how long it may be at most (0: any length). `is_optional`: it may be blank.
    """

    field: str = ""
    value: str = ""
    most: int = 0
    most_bytes: int = 0
    is_optional: bool = False


@dataclass(frozen=True)
class PaymentTable:
    """A payment file as a table: its columns in order by their headings, the rows above and below
    them. `day_sign` stands between the parts of a day.
    """

    columns: dict[str, Cell]
    sheet: str
    encoding: str
    delimiter: str
    is_fen: bool
    has_header: bool
    most_rows: int
    day_sign: str
    above: tuple[tuple[Cell, ...], ...]
    below: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Bank:
    """The profile of one bank. `table`: None where it takes pain.001; `answers`: None where it
    answers in messages of ISO 20022 alone.
    """

    bank: str
    name: dict[str, str]
    form: Form
    table: PaymentTable | None
    answers: Profile | None

    @property
    def needs_bank_no(self) -> bool:
        """Whether its file must say the number of each payee's bank."""
        cells = self.table.columns.values() if self.table else ()
        return any(cell.field == "bank_no" and not cell.is_optional for cell in cells)

    @property
    def suffix(self) -> str:
        """How the name of its payment files ends."""
        return ".xml" if self.form == "pain.001" else f".{self.form}"


def load(name_or_path: str | Path) -> Bank:
    """The profile of that name or file. Raises `VoucherError`: unknown_config, bad_yaml with every
    fault.
    """
    return yamls.unchanged(locate.find("banks", name_or_path), read)


def names() -> list[str]:
    """The names that `load` accepts."""
    return locate.names("banks")


def read(document: Any) -> tuple[Bank, list[Fault]]:
    """The profile of a document, and every fault of it."""
    node = Node(document)
    top = node.fields(KEYS, ("bank", "payment"))
    name = top["bank"].form(r"[a-z0-9][a-z0-9-]*", "icbc-batch")
    top["source"].text()
    payment = top["payment"].fields(("form", *TABLE_KEYS), ("form",))
    form: Any = payment["form"].choice(FORMS, "csv")
    answers = top["answers"]
    bank = Bank(
        name,
        both_names(top["name"], name),
        form,
        _table(top["payment"], payment, form),
        None if answers.is_missing else profiles.of_answers(answers, name),
    )
    return bank, node.faults


def _table(node: Node, part: dict[str, Node], form: Form) -> PaymentTable | None:
    idle = TABLE_KEYS if form == "pain.001" else ("encoding", "delimiter")
    for name in idle if form != "csv" else ("sheet",):
        if not part[name].is_missing:
            part[name].fault(
                "misplaced_key",
                "{offending} says nothing here, beside {beside}",
                "leave it out",
                at_key=True,
                offending=name,
                beside=f"form: {form}",
            )
    if form == "pain.001":
        return None
    if part["columns"].is_missing:
        node.fault("missing_key", "the key {offending} is missing here", offending="columns")
    columns = {
        heading: _cell(cell, (*OF_ROW, *OF_ORDER)) for heading, cell in part["columns"].entries(1)
    }
    _require(part["columns"], columns)
    encoding = encoding_names.read(part["encoding"]) or "utf-8"
    days = part["days"].choice(DAYS, "yyyymmdd")
    return PaymentTable(
        columns=columns,
        sheet=_sheet(part["sheet"]),
        encoding=encoding_names.codecs_named(encoding)[0] if form == "csv" else OF_SHEETS,
        delimiter=_delimiter(part["delimiter"]),
        is_fen=part["unit"].choice(("yuan", "fen")) == "fen",
        has_header=not part["header"].choice(("none",)),
        most_rows=part["most_rows"].whole() or LAST_ROW,
        day_sign=DAYS[days],
        above=_rows(part["above"]),
        below=_rows(part["below"]),
    )


def _require(node: Node, columns: dict[str, Cell]) -> None:
    """Without these nobody can be paid, or no answer known again."""
    given = {cell.field for cell in columns.values()}
    for name in ("transfer_no", "name", "account_no", "amount"):
        if columns and name not in given:
            node.fault(
                "missing_field",
                "columns: lacks {offending}, which every row needs",
                at_key=True,
                offending=name,
            )


def _rows(node: Node) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        tuple(_cell(cell, OF_ORDER) for cell in row.items(least=1)) for row in node.items()
    )


def _cell(node: Node, fields: tuple[str, ...]) -> Cell:
    """One of our fields, or what is always the same."""
    if not isinstance(node.value, dict):
        return Cell(node.choice(fields))
    part = node.fields(CELL)
    if part["field"].is_missing == part["value"].is_missing:
        node.fault("unclear_origin", "say once what stands there: field, or value")
    for name in ("most", "most_bytes", "optional"):
        if not part["value"].is_missing and not part[name].is_missing:
            part[name].fault(
                "misplaced_key",
                "{offending} says nothing here, beside {beside}",
                "leave it out",
                at_key=True,
                offending=name,
                beside="value",
            )
    return Cell(
        part["field"].choice(fields),
        part["value"].verbatim(""),
        part["most"].whole(),
        part["most_bytes"].whole(),
        part["optional"].yes(),
    )


def _sheet(node: Node) -> str:
    """The name of the sheet, as spreadsheets allow it."""
    return node.form(r"[^\[\]:*?/\\']{1,31}", "批量支付") or "Sheet1"


def _delimiter(node: Node) -> str:
    text = node.verbatim(",")
    if text.lower() == "tab":
        return "\t"
    if not re.fullmatch(r"[,;|^~]", text):
        node.fault(
            "bad_delimiter",
            "{offending} cannot stand between cells",
            "write one character in quotes, or tab",
        )
        return ","
    return text
