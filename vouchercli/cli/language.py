"""Chinese or English: every sentence is written in English in the code and translated here when it
is shown.
"""

from __future__ import annotations

import os
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vouchercli.cli.nouns import NOUNS
from vouchercli.publications import Both
from vouchercli.result import Clauses, Message, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LANGUAGES = ("zh", "en")
# The part of a sentence that is there to be pasted; compiled at its first use.
COMMAND = rf"(?:voucher (?:{'|'.join(NOUNS)})|chmod)\b[^,;,；。]*"
UNSAFE = r"[\s'\"$&|;<>()*?!`\\#~]"  # what a shell would not leave alone
# The stand-ins for a value in a usage line or before an option's help; they are translated.
STAND_INS = (
    "ARGS",
    "CERTIFICATE",
    "CODE",
    "COMMAND",
    "DAY",
    "DAYS",
    "DIGEST",
    "DIR",
    "FILE",
    "FOLDER",
    "FORMAT",
    "FROM",
    "FUNDER",
    "HEX",
    "HOLD",
    "ID",
    "KIND",
    "MERCHANT",
    "MINUTES",
    "NAME",
    "NEW",
    "NO",
    "OPTIONS",
    "OTHER",
    "PERCENT",
    "RESIDENT",
    "ROUND",
    "STATE",
    "TEXT",
    "TIME",
    "TO",
    "TOPIC",
    "UNIT",
    "VERSION",
    "WHAT",
    "WHERE",
    "WHY",
    "YUAN",
)
# how a value of another kind reads inside a sentence: whoever knows says so
READ: dict[type, Callable[[Any], str]] = {Clauses: lambda text: text.replace("; ", t("; "))}
_chosen = ["en"]  # one process speaks one language: main() chooses it before anything is said


def speak(language: str) -> None:
    """Choose the language of all output."""
    _chosen[0] = language


def language() -> str:
    """The language chosen: zh or en."""
    return _chosen[0]


def choose_language(args: Sequence[str], environ: Mapping[str, str] = os.environ) -> str:
    """`--lang`, else VOUCHER_LANG, else the locale: help is translated before any option is
    parsed.
    """
    for place, here in enumerate(args):
        after = args[place + 1] if place + 1 < len(args) else ""
        chosen = (
            after
            if here == "--lang"
            else here.removeprefix("--lang=")
            if here.startswith("--lang=")
            else ""
        )
        if chosen in LANGUAGES:
            return chosen
    if environ.get("VOUCHER_LANG") in LANGUAGES:
        return environ["VOUCHER_LANG"]
    locale = next(
        (environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), ""
    )
    return "zh" if locale.startswith("zh") else "en"


def t(text: str, params: Mapping[str, Any] | None = None) -> str:
    """`text` in the chosen language, its `{placeholders}` filled. Text without a translation stays
    English.
    """
    sentence = _in_chinese(text) if language() == "zh" else text
    if not params:
        return sentence
    pasted = "".join(re.findall(COMMAND, sentence))
    return sentence.format(
        **{
            key: _column(value)
            if key == "column"
            else _sentence_value(value, is_pasted=f"{{{key}}}" in pasted)
            for key, value in params.items()
        }
    )


def in_both(text: str, params: Mapping[str, Any] | None = None) -> Both:
    """The same in Chinese and in English, whatever the chosen language."""
    chosen, said = language(), []
    try:
        for each in LANGUAGES:
            speak(each)
            said.append(join_brackets(t(text, params)))
    finally:
        speak(chosen)
    return Both(*said)


def join_brackets(text: str) -> str:
    """A heading with one pair of Chinese brackets: `拉动消费（交易额，元）`."""
    return text.replace("）（", "，")


def _in_chinese(text: str) -> str:
    """The Chinese of a sentence; of one that is a command, or two of which one is to be chosen, its
    stand-ins alone.
    """
    known = catalogue().get(text)
    if known is None and text.startswith("voucher "):
        return translate_stand_ins(text.replace(", or voucher ", "，或 voucher "))
    return text if known is None else known


def translate_stand_ins(text: str) -> str:
    """`CODE[@VERSION]` in the chosen language; the name of a person is another word."""
    if language() == "zh":
        text = text.replace("--actor NAME", "--actor 姓名")
    return re.sub(
        r"(?<![-\w])[A-Z]{2,}(?!\w)",
        lambda match: t(match[0]) if match[0] in STAND_INS else match[0],
        text,
    )


def _column(name: Any) -> Any:
    """The name of a column; one that a file without a header has by its place alone is said so."""
    if isinstance(name, str) and name.isascii() and name.isdigit():
        return t("column {place}", {"place": name})
    return _sentence_value(name, is_pasted=False)


def _sentence_value(value: Any, *, is_pasted: bool) -> Any:
    """A value as it is inserted into a sentence: our words are translated, and in a command to
    paste a name with blanks is quoted; of names (a tuple) or sentences (a list) each by itself.
    """
    if isinstance(value, tuple | list):
        gap = " " if isinstance(value, tuple) else t("; ")
        return gap.join(str(_sentence_value(each, is_pasted=is_pasted)) for each in value)
    if isinstance(value, Word):  # several with commas between are several words
        whole = t(value)
        return ", ".join(map(t, value.split(", "))) if whole == value else whole
    if isinstance(value, Message):
        return t(value.text, value.params)
    if type(value) in READ:
        return READ[type(value)](value)
    if is_pasted and isinstance(value, str) and re.search(UNSAFE, value):
        return "'" + value.replace("'", "'\\''") + "'"
    return value


@cache
def catalogue() -> dict[str, str]:
    """English -> Chinese, gathered from every module of `vouchercli.cli.zh` (loaded only when
    Chinese is spoken).
    """
    import pkgutil  # a start without Chinese does without it

    package = import_module("vouchercli.cli.zh")
    translations: dict[str, str] = {}
    for module in pkgutil.iter_modules(package.__path__):
        translations |= import_module(f"vouchercli.cli.zh.{module.name}").TEXT
    return translations
