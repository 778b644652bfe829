"""A profile written from a file, and a file read on trial: an office takes in a new platform by
itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli import identities
from vouchercli.formats import whole_files
from vouchercli.formats.configs.fields import FIELDS, KIND_WORDS, type_of
from vouchercli.formats.configs.layouts import TAB
from vouchercli.formats.guessing import columns, drafts, encodings, layouts, times, values
from vouchercli.formats.guessing.drafts import Setting
from vouchercli.formats.guessing.values import WITH_COMMA
from vouchercli.formats.tables.sources import open_source
from vouchercli.result import Message, Outcome, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.formats.guessing.columns import Mapping
    from vouchercli.formats.guessing.layouts import Table
    from vouchercli.formats.guessing.values import Look

KEEP = (
    "next: voucher profile guess {file} --to {profile}, correct it,"
    " then voucher profile try {file} --profile {profile}"
)
ONE_FORM = "how times are written · 时间的写法"
TWO_FORMS = "day first, or month first? · 日在前还是月在前？"
SLUG = re.compile(r"[^a-z0-9]+")


def guess_profile(file: str, *, kind: str | None, encoding: str | None, to: Path | None) -> Outcome:
    """A commented profile for the file, as a document; `to`: written into this new file. Raises
    `VoucherError` for all that cannot be read.
    """
    source = open_source(file, encoding=encoding)
    codec = ""
    if encoding is None:
        source, codec = encodings.likeliest(source)
    table, sheets = layouts.best_table(source)
    looks = [values.look_at(cells) for cells in zip(*table.rows, strict=True)]
    guessed = columns.best_mapping(table.header, looks, [kind] if kind else [*FIELDS])
    settings = _settings(codec or encoding or "", table, sheets, looks, guessed)
    read = drafts.Reading(source.name, _slug(str(to or source.name)), tuple(settings))
    # a header or a sheet may be called after a person
    text = identities.hide(drafts.draft(read, table, looks, guessed))
    if to is not None:
        whole_files.write_new(to, text.encode())
    return Outcome(
        _data(guessed, text), says=_says(file, guessed, to), document=None if to else text
    )


def _says(file: str, guessed: Mapping, to: Path | None) -> tuple[Message, ...]:
    kind, count = KIND_WORDS[guessed.kind], len(guessed.guesses)
    says = [say("guessed: the {kind}; columns recognised: {count}", kind=kind, count=count)]
    if guessed.lacking:
        says.append(say("write in by hand: {fields}", fields=", ".join(guessed.lacking)))
    written = str(to) if to else f"{_slug(file)}.yaml"
    following = "next: voucher profile try {file} --profile {profile}"
    says.append(say(following if to else KEEP, file=file, profile=written))
    return tuple(says)


def _settings(
    encoding: str, table: Table, sheets: list[str], looks: list[Look], guessed: Mapping
) -> Iterator[Setting]:
    """The keys of the profile that say how the file is laid out."""
    if encoding:
        why = "it gives the most names and common characters · 读出的列名与常用字最多"
        yield Setting("encoding", encoding, why)
    if table.widths:
        why = (
            "where every line has a blank: compare it with the description of the file"
            " · 各行皆空处：请与文件说明核对"
        )
        yield Setting("widths", [*table.widths], why)
    if not table.header:
        yield Setting("header", "none", "columns are named by their numbers · 列以序号表示")
        if table.part.delimiter not in ("", ","):
            delimiter = TAB if table.part.delimiter == "\t" else table.part.delimiter
            yield Setting(
                "delimiter", delimiter, "what stands between the cells · 单元格之间的分隔符"
            )
    if sheets:
        yield Setting(
            "sheets", "all", "these have the same columns · 列相同的工作表: " + ", ".join(sheets)
        )
    texts = [
        text
        for guess in guessed.guesses
        if type_of(guess.field) == "time"
        for text in looks[guess.place].texts
    ]
    amounts = (guess.place for guess in guessed.guesses if type_of(guess.field) == "amount")
    if any(WITH_COMMA.fullmatch(text) for place in amounts for text in looks[place].texts):
        yield Setting("decimal", ",", "a comma stands before the decimals · 小数点为逗号")
    for number, form in enumerate(forms := times.forms_of(texts)):
        why = ONE_FORM if len(forms) == 1 else TWO_FORMS
        yield Setting("time", form, why, is_sure=len(forms) == 1 and number == 0)


def _data(guessed: Mapping, text: str) -> dict[str, object]:
    return {
        "kind": guessed.kind,
        "lacking": [*guessed.lacking],
        "fields": {guess.field: guess.place + 1 for guess in guessed.guesses},
        "yaml": text,
    }


def _slug(name: str) -> str:
    """A profile's name made of a file's: lower case letters, digits, hyphens."""
    slug = SLUG.sub("-", Path(name).name.partition(".")[0].casefold()).strip("-")
    return slug or "my-platform"
