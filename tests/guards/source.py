"""The project's source as the guards read it: every module parsed once, never imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "vouchercli"


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name and its tree."""

    name: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """cli, ops, rules, store, formats; or the module itself at the top (errors, result)."""
        return self.name.split(".")[1] if "." in self.name else ""


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package."""
    return tuple(
        Module(_dotted(path), ast.parse(path.read_text("utf-8"), str(path)))
        for path in sorted(CODE.rglob("*.py"))
        if "__pycache__" not in path.parts
    )


@cache
def trees_of_tests() -> tuple[tuple[str, ast.Module], ...]:
    """Every test file: its name and its tree."""
    return tuple(
        (path.name, ast.parse(path.read_text("utf-8")))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
    )


def sample(text: str, name: str = "vouchercli.ops.sample") -> Module:
    """A bad example for a guard to find."""
    return Module(name, ast.parse(text))


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def called(node: ast.Call) -> str:
    """The name a call is made by: `say(...)` -> say, `typer.Option(...)` -> typer.Option. Of what
    is no name (`rows[0](...)`) '' stands: to write it out takes most of a guard's time.
    """
    return _name_of(node.func)


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> list[ast.Call]:
    """Every call in a tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def text_of(node: ast.AST | None) -> str | None:
    """The value of a string constant, else None."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def none_of(complaints: list[str]) -> bool:
    """Whether there is nothing to complain about; else it fails with every complaint on a line of
    its own.
    """
    assert not complaints, "\n  " + "\n  ".join(complaints)
    return True
