"""Configs found by name: a path, else ./configs here, else those that ship with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from vouchercli.errors import VoucherError, closest
from vouchercli.result import Word

Kind = Literal["programmes", "templates", "platforms", "orders", "banks"]
CALLED = {
    "programmes": "programme",
    "templates": "template",
    "platforms": "file profile",
    "orders": "order profile",
    "banks": "bank profile",
}
PACKAGE = Path(__file__).resolve().parents[2]


def find(kind: Kind, name_or_path: str | Path) -> Path:
    """The file of a config: an existing path wins, else `<name>.yaml` in the folders of `kind`.
    Raises unknown_config.
    """
    given = Path(name_or_path)
    if given.is_file():
        return given
    for folder in folders(kind):
        path = folder / f"{name_or_path}.yaml"
        if path.is_file() and path.parent == folder:
            return path
    known = names(kind)
    close = closest(given.stem, known)
    hint = (
        "did you mean {suggestion}? known: {known}"
        if close
        else "known: {known}; or give the path of a YAML file"
    )
    raise VoucherError(
        "unknown_config",
        "there is no {kind} named {name}",
        hint=hint,
        kind=Word(CALLED[kind]),
        name=str(name_or_path),
        suggestion=close,
        known=", ".join(known),
    )


def names(kind: Kind) -> list[str]:
    """The names that `find` accepts, in order."""
    return sorted(paths(kind))


def paths(kind: Kind) -> dict[str, Path]:
    """The file of each config that is known by name: one in ./configs hides the shipped one."""
    return {
        path.stem: path
        for folder in reversed(folders(kind))
        for path in folder.glob("*.yaml")
        if path.is_file()
    }


def folders(kind: Kind) -> list[Path]:
    """Where configs of that kind are looked for: ./configs first, then the shipped ones."""
    return [folder for folder in (Path("configs") / kind, shipped() / kind) if folder.is_dir()]


def display_name(path: Path) -> str:
    """The path of a config as it is shown: a shipped config without the folders above it."""
    above = shipped().parent
    return (
        str(path.relative_to(above))
        if path.is_relative_to(above) and shipped() in path.parents
        else str(path)
    )


def shipped() -> Path:
    """The configs that came with the program: inside the package (a wheel), or beside it (a
    checkout).
    """
    inside = PACKAGE / "configs"
    return inside if inside.is_dir() else PACKAGE.parent / "configs"
