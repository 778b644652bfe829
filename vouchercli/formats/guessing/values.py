"""What the values of a column look like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli import identities
from vouchercli.formats.tables import cells
from vouchercli.formats.tables.nothing import is_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AMOUNT = re.compile(r"[+-]?\d+(\.\d+)?")
WITH_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d{2}")  # 1.200,50
HIDDEN_PERSON = re.compile(r"\d{3}\*{4}\d{4}|\d{6}\*{8}\w{4}")  # as platforms mask them
UNIFIED = re.compile(r"(?=.*\d)[0-9A-HJ-NP-RTUW-Y]{18}")
PAYMENT = re.compile(
    r"支付|消费|核销|交易成功|收款|付款|成功|收入|pay|purchase|sale|success|支払|決済|利用|결제|승인|매출",
    re.IGNORECASE,
)
REFUND = re.compile(
    r"退款|退货|撤销|冲正|退回|refund|return|revers|cancel|void|返金|返品|取消|환불|취소",
    re.IGNORECASE,
)
WHOLE = re.compile(r"\d+")  # 100.00 is none
WORDED = re.compile(r"[^\W\d_]{2}")  # two letters: no bare number
FEW = 8  # different words: a column of kinds
DAY = r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|20\d{6}"
CLOCK = r"\d{1,2}[:时点]\d{2}(分?:?\d{2}秒?)?(\.\d+)?|\d{6}"
MARK = r"(上午|下午|午前|午後|오전|오후|[AaPp]\.?[Mm]\.?)"
MOMENT = re.compile(
    rf"({DAY})(T|\s)*{MARK}?\s*({CLOCK})?\s*{MARK}?(Z|[+-]\d{{2}}:?\d{{2}})?|20\d{{12}}"
)


class Look(NamedTuple):
    """Shares of the filled cells of a column, 0 to 1, and its first values. `texts`: its different
    values, as `words` where there are few.
    """

    filled: float
    moments: float
    with_clock: float
    clocks: float
    amounts: float
    decimals: float
    negative: float
    whole: float
    people: float
    unified: float
    unique: float
    worded: float
    words: tuple[str, ...]
    sample: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def is_kind(self) -> bool:
        """Whether its values say payment or refund."""
        said = [word for word in self.words if is_said(word)]
        return 2 * len(said) > len(self.words)


def is_said(word: str) -> bool:
    """Whether a word says payment or refund."""
    return PAYMENT.search(word) is not None or REFUND.search(word) is not None


def is_an_amount(text: str) -> bool:
    """Whether a cleaned text is an amount, with a point or a comma before its decimals."""
    return AMOUNT.fullmatch(text) is not None or WITH_COMMA.fullmatch(text) is not None


def is_person(text: str) -> bool:
    """Whether a text is a person's number by its look, also one that a platform has masked."""
    found = identities.whole(text)
    is_somebody = found is not None and found.kind != "card"
    return is_somebody or HIDDEN_PERSON.fullmatch(text) is not None


def look_at(texts: Sequence[str]) -> Look:
    """What the cells of one column look like; null words are blank."""
    ids = [text for cell in texts if (text := cells.id_text(cell)) and not is_nothing(text)]
    written = [text for cell in texts if (text := cells.name_text(cell)) and not is_nothing(text)]
    different = dict.fromkeys(written)

    def share(is_so: Callable[[str], object]) -> float:
        return sum(1 for text in ids if is_so(text)) / len(ids) if ids else 0.0

    amounts = [cells.amount_text(text) for text in ids]
    is_amount = [is_an_amount(text) and len(text) < 14 for text in amounts]
    count = max(len(ids), 1)
    return Look(
        filled=len(ids) / max(len(texts), 1),
        moments=share(MOMENT.fullmatch),
        with_clock=share(lambda text: MOMENT.fullmatch(text) and re.search(r":|\d{14}", text)),
        clocks=share(re.compile(r"\d{1,2}:\d{2}(:\d{2})?|\d{5,6}").fullmatch),
        amounts=sum(is_amount) / count,
        decimals=share(re.compile(r"[¥￥]?[+-]?(?:[\d,]+\.\d{1,2}|[\d.]+,\d\d)元?").fullmatch),
        negative=sum(text.startswith("-") for text in amounts) / count,
        whole=sum(WHOLE.fullmatch(text) is not None for text in written) / count,
        people=share(is_person),
        unified=share(UNIFIED.fullmatch),
        unique=len(different) / count,
        worded=share(WORDED.search),
        words=tuple(different) if len(different) <= FEW and len(ids) >= len(different) else (),
        sample=tuple(list(different)[:3]),
        texts=tuple(different),
    )
