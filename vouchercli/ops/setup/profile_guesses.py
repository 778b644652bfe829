"""A profile written from a file, and a file read on trial: an office takes in a new platform by
itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.formats import whole_files
from vouchercli.formats.configs.fields import FIELDS, KIND_WORDS
from vouchercli.formats.guessing import columns, drafts, encodings, layouts, values
from vouchercli.result import Message, Outcome, say

if TYPE_CHECKING:
    from vouchercli.formats.guessing.columns import Mapping
    from vouchercli.formats.tables.sources import Source

SLUG = re.compile(r"[^a-z0-9]+")


def guess_profile(file: str, *, kind: str | None, encoding: str | None, to: Path | None) -> Outcome:
    """A commented profile for the file, as a document; `to`: written into this new file. Raises
    `VoucherError` for all that cannot be read.
    """
    source, is_guess = encodings.open_guessed(file, encoding)
    part = source.parts[0]
    layout = layouts.layout_of(part)
    looks = [values.look_at(cells) for cells in zip(*layout.rows, strict=True)]
    header = layout.header or ("",) * len(looks)
    guessed = columns.best_mapping(header, looks, [kind] if kind else [*FIELDS])
    read = drafts.Reading(source.name, _slug(source.name), _settings(source, is_guess=is_guess))
    text = drafts.draft(read, layout, looks, guessed)
    if to is not None:
        whole_files.write_new(to, text.encode())
    return Outcome(
        _data(guessed, text), says=_says(file, guessed, to), document=None if to else text
    )


def _says(file: str, guessed: Mapping, to: Path | None) -> tuple[Message, ...]:
    kind, count = KIND_WORDS[guessed.kind], len(guessed.guesses)
    says = [say("guessed: a {kind}; columns recognised: {count}", kind=kind, count=count)]
    if guessed.lacking:
        says.append(say("write in by hand: {fields}", fields=", ".join(guessed.lacking)))
    written = str(to) if to else f"{_slug(file)}.yaml"
    says.append(
        say("next: voucher profile try {file} --profile {profile}", file=file, profile=written)
    )
    return tuple(says)


def _settings(source: Source, *, is_guess: bool) -> tuple[drafts.Setting, ...]:
    settings = []
    if is_guess:
        why = "a guess: it gives the most names and common characters"
        settings.append(drafts.Setting("encoding", source.encoding, why))
    return tuple(settings)


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
