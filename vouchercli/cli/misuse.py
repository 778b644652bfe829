"""Shared options that no command, or not the one at hand, could make sense of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.cli.language import LANGUAGES
from vouchercli.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


LARGEST = (1 << 63) - 1  # whole number of the database
# how Python holds an octet that is no text, and how it is shown
OCTETS = {0xDC00 + octet: rf"\x{octet:02x}" for octet in range(0x80, 0x100)}


def refuse_unusable(given: Mapping[str, Any], options: Mapping[str, str]) -> None:
    """Refuse a text that is no text (bytes of another encoding), and a number that nothing can
    have, whatever command it was given to. `options`: how each is written. Raises `UsageFault`.
    """
    for name, value in given.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, str) and not is_text(each):
                raise not_utf8(each, options.get(name, name))
        if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
            raise UsageFault(
                "number_too_large",
                "{number} is larger than any number here",
                hint="see what the number stands for: voucher help",
                where=options.get(name, name),
                number=str(value)[:20] + "…",
            )


def is_text(value: str) -> bool:
    """Whether a word of the command line was UTF-8."""
    return value.isascii() or not any("\ud800" <= each <= "\udfff" for each in value)


def not_utf8(value: str, where: str) -> UsageFault:
    """The refusal of bytes that are no text."""
    return UsageFault(
        "not_utf8",
        "{text} is not UTF-8: it was written or named in another encoding",
        hint="rename the file, or set the terminal to UTF-8 and type it again",
        where=where,
        text=value.translate(OCTETS).encode("utf-8", "backslashreplace").decode(),
    )


def refuse_misuse(
    command: str,
    output: str,
    given: Mapping[str, Any],
    *,
    looks_back: bool,
    has_rows: bool,
    has_workbook: bool,
    has_pages: bool,
) -> None:
    """Refuse what was given, before anything is done, when no command, or not this one, could make
    sense of it. Raises `UsageFault`.
    """
    if (lang := given.get("lang")) not in (None, *LANGUAGES):
        raise UsageFault(
            "usage",
            "there is no language {lang}",
            hint="choose one of: {known}",
            lang=lang,
            known=", ".join(LANGUAGES),
        )
    for option in ("actor", "programme", "now", "as_of"):
        if given.get(option) == "":  # an unset variable of a script, not a wish
            raise UsageFault(
                "usage",
                "the option {what} needs a value",
                hint="{path} --help",
                what=f"--{option.replace('_', '-')}",
                path=f"voucher {command}",
            )
    if given.get("excel") and output != "csv":
        raise UsageFault(
            "excel_is_csv",
            "--excel writes CSV, not {output}",
            hint="leave out -o, or --excel",
            output=output,
        )
    if output == "jsonl" and not has_rows:
        raise UsageFault(
            "no_json_lines",
            "voucher {command} is no list: it answers with one document, not row by row",
            hint="write -o json in place of -o jsonl",
            command=command,
        )
    if output in ("html", "md", "docx") and not (has_rows or has_pages):
        raise UsageFault(
            "no_page",
            "voucher {command} gives no page: lists and reports do",
            hint="leave out -o {output}, or write -o json",
            command=command,
            output=output,
        )
    if output == "xlsx" and not (has_rows or has_workbook or has_pages):
        raise UsageFault(
            "no_workbook",
            "voucher {command} gives no workbook",
            hint="write -o csv in place of -o xlsx: a spreadsheet opens it too",
            command=command,
        )
    if given.get("unit") is not None and not command.startswith("report "):
        raise UsageFault(
            "no_unit",
            "voucher {command} shows amounts in yuan: it takes no --unit",
            hint="leave it out; reports take it: voucher report rounds --unit {unit}",
            command=command,
            unit=given["unit"],
        )
    if given.get("as_of") is not None and not looks_back:
        raise UsageFault(
            "no_as_of",
            "voucher {command} shows and uses what is known now: it takes no --as-of",
            hint="leave it out; or: voucher report rounds --as-of {as_of}",
            command=command,
            as_of=given["as_of"],
        )
