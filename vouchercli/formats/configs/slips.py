"""What a Chinese keyboard writes in place of YAML's own signs, and the words of YAML's parser in
words for whoever writes the file.

A full-width colon after a key makes no pair, a full-width comma parts nothing: YAML takes both for
text, and complains of something else, further down. Inside a text they are as good as any sign.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from vouchercli.documents import Fault
from vouchercli.patterns import Pattern
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

Place = tuple[int, int]
Where = Literal["", "on its own", "in brackets"]  # a value beside its key, or elsewhere

QUOTED = Pattern(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?:^|(?<=\s))#.*""")
KEY = r"[A-Za-z_][\w-]*\s*"
# the sign, where it stands for one of YAML's own, what it is, and what to write
SLIPS = (
    (Pattern(rf"(?:^\s*(?:-\s+)*|[{{\[,，]\s*){KEY}(?P<sign>：)"), ":"),
    (Pattern(rf"(?P<sign>，)\s*{KEY}[:：]"), ","),
    (Pattern(r"(?:[:：,，\[{]|-\s)\s*(?P<sign>[“”„])"), '"'),
    (Pattern(r"(?:[:：]|-\s|^)\s*(?P<sign>[｛])"), "{"),
    (Pattern(r"(?P<sign>｝)\s*$"), "}"),
    (Pattern(r"(?:[:：]\s*|-\s+)(?P<sign>[【［])"), "["),
    (Pattern(r"(?P<sign>[】］])\s*$"), "]"),
    (Pattern(r"^\s*(?P<sign>\u3000)"), " "),
)
KEY_ALONE = Pattern(rf"\s*{KEY}：")
PAIR = Pattern(r"[a-z_]+：.*")
IN_QUOTES = Pattern(r"[“”„].*[“”„]")
ITEMS = Pattern(r"[^，]+(?:，[^，]+)+")
MEANT = {
    ":": Word("write a colon and a blank: key: value"),
    ",": Word("write a comma and a blank"),
    '"': Word('write straight quotes: "..."'),
    " ": Word("indent with ordinary blanks"),
}

WORDS = (
    (r"mapping values are not allowed", Word("a colon stands where none may stand")),
    (r"could not find expected ':'", Word("a key has no colon and blank after it")),
    (
        r"expected ',' or '\}'",
        Word("a comma or a closing brace is missing"),
    ),
    (
        r"expected ',' or '\]'",
        Word("a comma or a closing bracket is missing"),
    ),
    (r"end of (?:stream|file)|document separator", Word("a quote or a bracket is not closed")),
    (r"'\\t'", Word("a TAB stands where a blank must stand")),
    (
        r"<block end>|expected key|block (?:mapping|sequence|collection)",
        Word("the indentation does not fit the lines above"),
    ),
    (r"undefined alias", Word("an alias (*) names nothing that was marked with &")),
    (r"escape", Word("a backslash in double quotes is followed by a wrong sign")),
    (r"single document", Word("a second document begins here: one file is one document")),
    (r"nested too deep", Word("lists and mappings stand too deep in each other")),
    (r"cannot start any token", Word("a value cannot begin with this sign: put it in quotes")),
)


def in_words(why: str) -> str:
    """What the parser says, in words; what is not known as it is."""
    return next((words for pattern, words in WORDS if re.search(pattern, why)), why)


def find(text: str, last_line: int) -> Iterator[tuple[Place, Fault]]:
    """The full-width signs that stand for YAML's own, in the lines up to `last_line`."""
    for number, line in enumerate(text.split("\n")[:last_line], 1):
        bare = QUOTED.sub(lambda match: "x" * len(match[0]), line)
        found = {
            match.start("sign"): _full_width(match["sign"], meant)
            for pattern, meant in SLIPS
            for match in _all(pattern, bare)
        }
        yield from (((number, column + 1), found[column]) for column in sorted(found))


def _all(pattern: Pattern, line: str) -> Iterator[re.Match[str]]:
    """Every place, also where the end of one is the beginning of the next."""
    start = 0
    while match := pattern.search(line, start):
        yield match
        start = match.start("sign") + 1


def in_key(key: str) -> Fault | None:
    """A plain key that holds its colon: `kind：public`."""
    return _full_width("：", ":") if KEY_ALONE.match(key) else None


def in_value(value: str, place: Where) -> Fault | None:
    """A plain value that is a pair, a list or a text in quotes of the wrong width. A pair begins
    where no text is looked for: a line of its own, an item; a comma parts items in brackets only.
    """
    if place and PAIR.match(value):
        return _full_width("：", ":")
    if place == "in brackets" and ITEMS.fullmatch(value):
        return _full_width("，", ",")
    return _full_width(value[0], '"') if IN_QUOTES.fullmatch(value) else None


def _full_width(sign: str, meant: str) -> Fault:
    return Fault(
        (),
        "yaml_full_width",
        "{sign} is a full-width sign: YAML takes it for text",
        "{meant}",
        {"sign": sign, "meant": MEANT.get(meant, meant)},
    )
