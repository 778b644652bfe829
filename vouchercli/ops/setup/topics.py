"""voucher help: topics by word, in Chinese and English. Their one source are the pages of docs/:
topics, errors, the glossary and the commands.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault
from vouchercli.formats import manuals
from vouchercli.result import DATA, SCREEN, Column, Outcome, Table, Word, say
from vouchercli.rules import law

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

TASK, FILE, COMMAND, VARIABLE, CODE, TERM = KINDS = (
    "task",
    "file format",
    "command",
    "environment variable",
    "error code",
    "term",
)
# what a whole kind is asked for by: first the English word that the index shows, last the Chinese
SHELVES = {
    TASK: ("tasks", "办事"),
    FILE: ("files", "file formats", "文件格式"),
    COMMAND: ("commands", "命令"),
    VARIABLE: ("environment", "环境变量"),
    CODE: ("codes", "errors", "错误代码", "代码"),
    TERM: ("terms", "words", "glossary", "词汇表", "术语"),
}
CHAPTERS = {"Tasks": TASK, "Files": FILE, "Environment": VARIABLE}
ALSO = "Also: "
MOST_PAGES = 3  # that are shown whole: more are listed
# of a near miss; of two characters one is right
LIKE_ENOUGH, LIKE_ENOUGH_WHEN_SHORT, SHORT = 0.6, 0.5, 3
MOST_NEAR = 3


class Topic(NamedTuple):
    """One thing that can be looked up. `name` is what it is asked for by, `also` other words."""

    kind: str
    name: str
    name_zh: str
    meaning: str
    meaning_zh: str
    todo: str = ""
    formula: str = ""
    formula_zh: str = ""
    also: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Whatever it is called."""
        return tuple(filter(None, (self.name, self.name_zh, *self.also)))


ROWS = (
    Column("kind", "kind", "word", where=DATA),
    Column("topic", where=DATA),
    Column("topic_zh", where=DATA),
    Column("meaning", where=DATA),
    Column("meaning_zh", where=DATA),
    Column("todo", where=DATA),
    Column("formula", where=DATA),
    Column("formula_zh", where=DATA),
    Column("commands", where=DATA),
    Column("read", where=DATA),
)
NAMED = Column("shown", "topic", where=SCREEN)
FOUND = (NAMED, Column("kind", "kind", "word", where=SCREEN))
BEGINS = Column("first", "begins with", "word", where=SCREEN)
MEANS = Column("said", "meaning", where=SCREEN)
ONE = (
    Column("other", "other words", where=SCREEN),
    Column("kind", "kind", "word", where=SCREEN),
    Column("said", "meaning", where=SCREEN),
    Column("todo", "what to do", where=SCREEN, shown="done"),
    Column("counted", "unit, formula", where=SCREEN),
    Column("read", "read on", where=SCREEN),
)
HOW = (Column("command", "", "word", where=SCREEN),)
SHELF = (
    Column("kind", "kind", "word"),
    Column("count", "topics", "int"),
    Column("command", "command"),
)


def look_up(words: Sequence[str], language: str, limit: int | None) -> Outcome:
    """The page of the topic, the topics that a word is found in, or the index without a word; their
    texts for people in that language. Raises `UsageFault` unknown_topic.
    """
    asked = _folded(" ".join(words))
    if not asked:
        return _index(language)
    for kind, names in SHELVES.items():
        if asked in names:
            return _listed([each for each in topics() if each.kind == kind], language, limit)
    exact = [each for each in topics() if asked in map(_folded, each.names)]
    found = exact if 0 < len(exact) <= MOST_PAGES else _containing(asked)
    if not found:
        raise _unknown(" ".join(words), language)
    if found is exact or len(found) == 1:
        return _pages(found, language)
    return _listed(found, language, limit)


@cache
def topics() -> tuple[Topic, ...]:
    """Every topic: tasks first, then files, commands, variables, codes, terms."""
    all_ = (*_written(), *_commands(), *_codes(), *_terms())
    return tuple(sorted(all_, key=lambda each: KINDS.index(each.kind)))


# ---------------------------------------------------------------- where they come from


def _written() -> Iterator[Topic]:
    """Tasks, files and variables of docs/topics.md."""
    for section in manuals.sections("topics.md"):
        kind = CHAPTERS.get(manuals.both(section.chapter)[0])
        if kind and section.title:
            yield _section(kind, section)
        elif kind == VARIABLE:
            for variables, meaning, without, chinese in section.rows:
                name, *also = re.findall("`([^`]+)`", variables)
                said = f"{meaning}; without it: {without}" if without else meaning
                yield Topic(
                    VARIABLE,
                    name,
                    "",
                    _plain(said),
                    _plain(chinese),
                    also=tuple(also),
                    read=("topics.md",),
                )


def _section(kind: str, section: manuals.Section) -> Topic:
    texts = section.paragraphs
    also = next(each for each in texts if each.startswith(ALSO)).removeprefix(ALSO)
    said = [each for each in texts if not each.startswith((ALSO, "["))]
    return Topic(
        kind,
        *manuals.both(section.title),
        _plain(next(each for each in said if not manuals.is_chinese(each))),
        _plain(next(each for each in said if manuals.is_chinese(each))),
        also=tuple(also.split(", ")),
        commands=section.commands,
        read=tuple(link for each in texts for link in manuals.links(each)),
    )


def _commands() -> Iterator[Topic]:
    pages = (manuals.sections("commands.md"), manuals.sections("commands.zh.md"))
    for english, chinese in zip(*pages, strict=True):
        name = (english.title or english.chapter).removeprefix("voucher ")
        if english.paragraphs and (english.title or english.chapter).startswith("voucher "):
            examples = "\n".join(english.commands).replace("\\\n", " ").splitlines()
            yield Topic(
                COMMAND,
                name,
                "",
                english.paragraphs[0],
                chinese.paragraphs[0],
                commands=(*(" ".join(each.split()) for each in examples), f"voucher {name} --help"),
                read=(f"commands.md#voucher-{name.replace(' ', '-')}",),
            )


def _codes() -> Iterator[Topic]:
    judged = law.codes()
    for section in manuals.sections("errors.md"):
        for code, meaning, todo, chinese in section.rows:
            name = code.strip("`")
            commands = (f"voucher law show {name}",) if name in judged else ()
            yield Topic(
                CODE,
                name,
                "",
                _plain(meaning),
                _plain(chinese),
                todo=_plain(todo),
                commands=commands,
                read=("errors.md",),
            )


def _terms() -> Iterator[Topic]:
    for section in manuals.sections("glossary.md"):
        for english, chinese, *rest in section.rows:  # the retired words have no more
            if rest:
                labels, meaning, meaning_zh, formula, formula_zh = rest[0], *map(_plain, rest[1:])
                also = tuple(re.findall("`([^`]+)`", labels))
                yield Topic(
                    TERM,
                    english,
                    chinese,
                    meaning,
                    meaning_zh,
                    formula=formula,
                    formula_zh=formula_zh,
                    also=also,
                    read=("glossary.md",),
                )


def _plain(text: str) -> str:
    """Without the marks of code, which a screen does not show."""
    return text.replace("`", "")


# ---------------------------------------------------------------- finding


def _folded(text: str) -> str:
    """As words are compared: whatever their case and width."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _containing(asked: str) -> list[Topic]:
    """The topics that have each of the words: those in whose names they stand come first."""
    words = asked.split()
    named = [each for each in topics() if _has(each.names, words)]
    texts = [
        each
        for each in topics()
        if each not in named
        and _has((*each.names, each.meaning, each.meaning_zh, each.todo, *each.commands), words)
    ]
    return named + texts


def _has(texts: Iterable[str], words: Iterable[str]) -> bool:
    whole = _folded("\n".join(texts))
    return all(word in whole for word in words)


def near(asked: str) -> list[str]:
    """The few names that are most like a word that nothing is called."""
    names: dict[str, str] = {}
    for name in (each for topic in topics() for each in topic.names):
        names.setdefault(_folded(name), name)
    like = LIKE_ENOUGH if len(asked) > SHORT else LIKE_ENOUGH_WHEN_SHORT
    return [names[each] for each in get_close_matches(asked, names, MOST_NEAR, like)]


def _unknown(asked: str, language: str) -> UsageFault:
    like = near(_folded(asked))
    comma = "、" if language == "zh" else ", "
    return UsageFault(
        "unknown_topic",
        "there is no topic {topic}; did you mean {near}?" if like else "there is no topic {topic}",
        hint="voucher help",
        topic=asked,
        near=comma.join(like),
    )


# ---------------------------------------------------------------- showing


def _index(language: str) -> Outcome:
    """The tasks and the other kinds for people, every topic for programs."""
    tasks = [_row(each, language) for each in topics() if each.kind == TASK]
    shelves = [
        {
            "kind": Word(kind),
            "count": sum(each.kind == kind for each in topics()),
            "command": f"voucher help {names[-1 if language == 'zh' else 0]}",
        }
        for kind, names in SHELVES.items()
    ]
    every = [_row(each, language) for each in topics()]
    return Outcome(
        {},
        (
            Table(say("Tasks"), (NAMED, BEGINS), tasks, where=SCREEN),
            Table(say("Topics by kind"), SHELF, shelves, where=SCREEN),
            Table(say("Topics"), ROWS, every, key="topics", where=("csv",)),
        ),
        (say("one of them, or any word: voucher help TOPIC; a command's options: -h"),),
    )


def _listed(found: list[Topic], language: str, limit: int | None) -> Outcome:
    is_one_kind = len({each.kind for each in found}) == 1
    begins = is_one_kind and found[0].kind in (TASK, FILE)
    columns = ((NAMED,) if is_one_kind else FOUND) + ((BEGINS,) if begins else (MEANS,))
    rows = [_row(each, language) for each in found]
    shown = rows[:limit]
    table = Table(say("Topics"), (*columns, *ROWS), shown, key="topics")
    return Outcome({}, (table,), left=len(rows) - len(shown))


def _pages(found: list[Topic], language: str) -> Outcome:
    rows = [_row(each, language) for each in found]
    tables: list[Table] = []
    for row in rows:
        title = say("{topic}", topic=row["shown"])
        tables.append(Table(title, ONE, [row], is_record=True, where=SCREEN))
        how = [{"command": each} for each in row["commands"]]
        tables.append(Table(say("Commands"), HOW, how, where=SCREEN, optional=True))
    tables.append(Table(say("Topics"), ROWS, rows, key="topics", where=("csv",)))
    return Outcome({}, tuple(tables))


def _row(topic: Topic, language: str) -> dict[str, Any]:
    """A topic for every form: `shown`, `said` and `other` are for people in their language."""
    is_chinese = language == "zh"
    shown = topic.name_zh if is_chinese and topic.name_zh else topic.name
    other = [
        *{_folded(each): each for each in topic.names if _folded(each) != _folded(shown)}.values()
    ]
    return {
        "kind": Word(topic.kind),
        "topic": topic.name,
        "topic_zh": topic.name_zh or None,
        "meaning": topic.meaning,
        "meaning_zh": topic.meaning_zh,
        "formula": topic.formula or None,
        "formula_zh": topic.formula_zh or None,
        "commands": [*topic.commands],
        "read": [f"docs/{each}" for each in topic.read],
        "todo": topic.todo or None,
        "done": "" if is_chinese else topic.todo,
        "counted": topic.formula_zh if is_chinese else topic.formula,
        "first": topic.commands[0] if topic.commands else "",
        "shown": shown,
        "said": topic.meaning_zh if is_chinese else topic.meaning,
        "other": other or None,
    }
