"""What stands in a cell although nothing is there: the words of databases for "no value", and the
errors of spreadsheets.

A null word says that there is no value; an error says that nobody knows it. So an error never
erases what is known, and neither of them is ever a number.
"""

from __future__ import annotations

import re
import unicodedata

from vouchercli.patterns import Pattern

# as `_folded` makes them: one width, small letters, one kind of dash
WORDS = (
    "null (null) <null> [null] {null} \\n nan <nan> na <na> (na) n/a (n/a) n.a. n.a n/d none"
    " <none> (none) nil nat undefined unknown (blank) (空白) (空) (无) - -- --- ---- / // \\"
    " 无 暂无 空 未填 未填写 未知 不详 不明 待定 なし 없음"
)
NULL_WORDS = frozenset(WORDS.split())
LONGEST = max(map(len, NULL_WORDS))
# A shop, or the holder of an account, may be called so. NULL, nan and None are what programs write.
NAMES = "NA Na na Nan NAN NONE none NIL Nil nil UNKNOWN Unknown unknown 无 空 未知 不明 なし"
MAY_BE_NAMES = frozenset(NAMES.split())
NAMED = ("name", "account_name")  # the fields that hold names of their own

DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u30fc"), "-")

# Put by us in the place of a formula that was saved without its value.
NO_VALUE = "#NOVALUE!"
UNKNOWN_ERROR = "#UNKNOWN!"
# Put by us in the place of an identity that a spreadsheet or a pen has damaged: it is nobody's.
DAMAGED = "#DAMAGED!"
ERROR = Pattern(
    r"""(?: \#+                              # ####: the column was too narrow
    | \#(?: N/?A(?:\ N/A)? | N/?D | NV | DIV/0! | GETTING_DATA
          | (?: REF | VALUE | NUM | NULL | SPILL | CALC | FIELD | BLOCKED | CONNECT | UNKNOWN
              | BUSY | EXTERNAL | PYTHON | ERROR | DATA | CIRCULAR | NOVALUE | DAMAGED
              | BEZUG | WERT | ZAHL | VALEUR | NOMBRE | NUL | RIF | VALORE | VALOR )!
          | ¡(?: REF | VALOR | NUM | NULO | DIV/0 )!
          | (?: NAME | NOM | NOME | MACRO | ADDIN )\? | ¿NOMBRE\? )
    | ERR:\d{3} )
    (?:\ =.*)?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_nothing(text: str, field: str = "") -> bool:
    """Whether a cleaned cell says that there is no value. In a field that holds names, what may be
    one is one.
    """
    if len(text) > LONGEST or _folded(text) not in NULL_WORDS:
        return False
    return not (field in NAMED and text in MAY_BE_NAMES)


def is_error(text: str) -> bool:
    """Whether a cleaned cell is the error of a spreadsheet."""
    return text[:1] in ("#", "＃", "E", "e") and ERROR.fullmatch(_width(text)) is not None


def as_error(text: str) -> str:
    """The text of a cell that is an error by its kind, also one that is written in a language or
    by a program that is not known.
    """
    return text if text and is_error(text) else UNKNOWN_ERROR


def _folded(text: str) -> str:
    return text.casefold() if text.isascii() else _width(text).translate(DASHES).casefold()


def _width(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """What the words of a profile's `blank` are compared by: width and letter case do not
    matter.
    """
    return _folded(text.strip())
