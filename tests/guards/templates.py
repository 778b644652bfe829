"""Every English template of the code: the sentences that a person reads, and the values that are
given to fill them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from string import Formatter

import jinja2
from jinja2 import nodes
from source import CODE, Module, called, calls, modules, text_of

ERRORS = ("VoucherError", "UsageFault", "Busy", "Stopped", "Declined")


@dataclass(frozen=True)
class Carrier:
    """A call that carries a sentence: the places of code, text and hint (a name: only by name), and
    where the values come from.

    `params` is the place of a dict of values; None: the keywords but `taken`. `always` are values
    that the callee adds.
    """

    text: int
    code: int | None = None
    hint: int | None = None
    params: int | None = None
    taken: tuple[str, ...] = ("hint", "where", "problems", "key")
    always: tuple[str, ...] = ()


CARRIERS = {
    **{name: Carrier(1, code=0, hint=99) for name in ERRORS},
    "Problem": Carrier(1, code=0, hint=3, params=5),
    "_fault": Carrier(2, code=1, taken=()),  # formats.yamls, of YAML itself
    "Damaged": Carrier(2, code=1, taken=()),  # rules.effects: its text stands beside the code
    "Fault": Carrier(2, code=1, hint=3, params=4),  # documents
    "fault": Carrier(1, code=0, hint=2, taken=("at_key",), always=("offending",)),  # documents.Node
    "unlike": Carrier(1, code=0, taken=("at_key",), always=("offending",)),  # documents.Node
    "say": Carrier(0, taken=()),
    "Message": Carrier(0, params=1),
    "t": Carrier(0, params=1),
    "add_import": Carrier(2, taken=()),
}
NAMES = {"hint": ("hint", "suggestion"), "params": ("params",), "text": ("text",)}
# What only names a command to run, or the way a person types it, needs no translation.
COMMAND = re.compile(r"(voucher|chmod|make|--[a-z-]+|\{path\}|\{program\}) [^,;:，；：]*|\{\w+\}")
SAYS_NOTHING = re.compile(r"(\{\w*\}|[\W\d_])*")


@dataclass(frozen=True)
class Template:
    """A sentence, where it stands, and the names given to fill it (None: not known here)."""

    text: str
    where: str
    given: frozenset[str] | None = None
    is_hint: bool = False

    @property
    def placeholders(self) -> set[str]:
        return placeholders(self.text)

    @property
    def needs_chinese(self) -> bool:
        is_command = self.is_hint and COMMAND.fullmatch(self.text)
        return not is_command and not SAYS_NOTHING.fullmatch(self.text)


def placeholders(text: str) -> set[str]:
    """The names between braces."""
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(text) if name}


def literals(node: ast.AST | None, constants: dict[str, ast.expr]) -> list[str] | None:
    """The strings an expression can be: a constant, either arm of `a if x else b`, a name of this
    module; else None.
    """
    if node is None:
        return []
    if (text := text_of(node)) is not None:
        return [text]
    if isinstance(node, ast.IfExp):
        arms = [literals(node.body, constants), literals(node.orelse, constants)]
        return None if None in arms else [text for arm in arms for text in arm or []]
    if isinstance(node, ast.Name) and node.id in constants:
        return literals(constants[node.id], constants)
    return None


def constants_of(module: Module) -> dict[str, ast.expr]:
    """Module-level NAME = expression."""
    found = {}
    for node in module.tree.body:
        if (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
        ):
            found[node.targets[0].id] = node.value
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.value is not None
        ):
            found[node.target.id] = node.value
    return found


def argument(call: ast.Call, position: int | None, *names: str) -> ast.expr | None:
    """An argument by its place, else by one of its names."""
    if position is not None and len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def given_names(call: ast.Call, *, taken: tuple[str, ...]) -> frozenset[str] | None:
    """The keyword names of a call but `taken`; None with `**anything`."""
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    return frozenset(
        keyword.arg for keyword in call.keywords if keyword.arg and keyword.arg not in taken
    )


def dict_names(node: ast.expr | None) -> frozenset[str] | None:
    """The keys of a dict display; none without one; None when it is not a display of constants."""
    if node is None:
        return frozenset()
    if isinstance(node, ast.Dict) and all(
        key is not None and text_of(key) is not None for key in node.keys
    ):
        return frozenset(str(text_of(key)) for key in node.keys if key)
    return None


def of(module: Module) -> list[Template]:
    """Every template of one module."""
    constants = constants_of(module)
    found: list[Template] = []
    for call in calls(module.tree):
        where = f"{module.name}:{call.lineno}"
        for node, given, is_hint in _sentences(call):
            found += [
                Template(text, where, given, is_hint)
                for text in literals(node, constants) or []
                if text
            ]
    return found + _docstrings(module) + _tables(module, constants)


def carrier(call: ast.Call) -> Carrier | None:
    """What carries a sentence in this call."""
    return CARRIERS.get(called(call).split(".")[-1])


def _sentences(call: ast.Call) -> list[tuple[ast.expr | None, frozenset[str] | None, bool]]:
    """The sentences of one call, the names given to fill each, and whether it is a hint."""
    if found := carrier(call):
        given = (
            dict_names(argument(call, found.params, "params"))
            if found.params
            else given_names(call, taken=found.taken)
        )
        given = given | set(found.always) if given is not None else None
        hint = argument(call, found.hint, *NAMES["hint"]) if found.code is not None else None
        return [(argument(call, found.text, "text"), given, False), (hint, given, True)]
    name = called(call).split(".")[-1]
    if name == "Column":
        return [
            (argument(call, 1, "label"), frozenset(), False),
            (argument(call, None, "blank"), frozenset(), False),
        ]
    if name == "Title":  # `reports.spans`: a sentence for each way to look at a time
        texts = [*call.args, *(each.value for each in call.keywords)]
        return [(each, None, False) for each in texts]
    if name == "Word":
        return [(argument(call, 0), frozenset(), False)]
    if called(call) in ("typer.Option", "typer.Argument"):
        return [(argument(call, None, "help"), None, False)]
    return []


def _docstrings(module: Module) -> list[Template]:
    """The help of commands and of groups."""
    if module.room != "cli":
        return []
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(each) for each in node.decorator_list]
            text = " ".join((ast.get_docstring(node) or "").split())
            if text and any(each.startswith(("command(", "app.callback(")) for each in decorators):
                found.append(Template(text, f"{module.name}:{node.lineno}"))
    return found


def _tables(module: Module, constants: dict[str, ast.expr]) -> list[Template]:
    """Sentences that stand in tables: the nouns' help, the reasons of rejects."""
    found = []
    if module.name == "vouchercli.cli.nouns" and isinstance(nouns := constants["NOUNS"], ast.Dict):
        found += [
            Template(str(text_of(value.elts[1])), module.name)
            for value in nouns.values
            if isinstance(value, ast.Tuple)
        ]
    if module.name == "vouchercli.rules.reasons":
        for name in ("REJECTS", "WARNINGS"):
            tree = constants[name]
            texts = (
                [text_of(node) for value in tree.values for node in ast.walk(value)]
                if isinstance(tree, ast.Dict)
                else []
            )
            found += [Template(text, f"{module.name}.{name}") for text in texts if text]
    return found


def everywhere() -> list[Template]:
    """Every template of the project."""
    return [template for module in modules() if ".zh" not in module.name for template in of(module)]


# ---------------------------------------------------------------- sentences without a template

SENTENCE = re.compile(r"(?<![-\w])[A-Za-z]{2,} (?:[a-z]{2,}|\{\})")
CHINESE = re.compile("[\u4e00-\u9fff]")
IN_A_COMMAND = re.compile(r"(#? *|Examples?: )voucher |#")  # to be typed as it stands


def shape(node: ast.JoinedStr) -> str:
    """An f-string with `{}` for each of its values."""
    return "".join(text_of(each) or "{}" for each in node.values)


def composed(module: Module) -> list[tuple[str, str]]:
    """Sentences that are put together in the code, where no translation finds them: (place, text).
    What only an engineer meets (the text of a ValueError, SQL) and what has its Chinese beside it
    is none; of what carries a sentence any other way than by a template every one is.
    """
    found, internal = [], {id(each) for node in _raised(module) for each in ast.walk(node)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in internal:
            text = shape(node)
            if SENTENCE.search(text) and not CHINESE.search(text) and not IN_A_COMMAND.match(text):
                found.append((f"{module.name}:{node.lineno}", text))
    for call in calls(module.tree):
        for node, _, _ in _sentences(call):
            for part in ast.walk(node) if isinstance(node, ast.JoinedStr | ast.BinOp) else ():
                text = text_of(part) or ""
                if re.search("[A-Za-z]{2}", text) and not text.startswith("voucher "):
                    found.append((f"{module.name}:{call.lineno}", text))
    return found


def _raised(module: Module) -> list[ast.AST]:
    """What is raised for engineers alone."""
    return [
        node.exc
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and called(node.exc).split(".")[-1] not in ERRORS
    ]


class _Page(HTMLParser):
    """What a person reads of a page: its texts, and the attributes that are shown or read out."""

    READ = ("title", "alt", "aria-label", "placeholder", "content-description")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._is_hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_hidden = tag in ("style", "script")
        self.said += [value for name, value in attrs if name in self.READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._is_hidden = False

    def handle_data(self, data: str) -> None:
        if not self._is_hidden:
            self.said.append(data.strip())


def said_by_page(text: str) -> list[str]:
    """The words that a Jinja template says itself, between its tags or inside its expressions: they
    would be the same in each language.
    """
    tree = jinja2.Environment().parse(text)  # nothing is rendered
    outputs = [part for node in tree.find_all(nodes.Output) for part in node.nodes]
    page = "".join(each.data if isinstance(each, nodes.TemplateData) else "" for each in outputs)
    inside = [
        const.value
        for each in outputs
        if not isinstance(each, nodes.TemplateData)
        for const in [each, *each.find_all(nodes.Const)]
        if isinstance(const, nodes.Const) and isinstance(const.value, str)
    ]
    words = [*_Page(page).said, *(each for each in inside if each not in LANGUAGE_CODES)]
    return [each for each in words if re.search("[A-Za-z]{2}|[\u4e00-\u9fff]", each)]


LANGUAGE_CODES = ("zh-CN", "zh", "en")


def pages() -> dict[str, str]:
    """The Jinja templates of the project by their names."""
    return {path.name: path.read_text("utf-8") for path in sorted(CODE.rglob("*.jinja"))}
