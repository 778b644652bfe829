"""Programmes, templates and profiles given back as YAML: to read, to copy, to change and load
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs import locate, yamls
from vouchercli.formats.written import yaml_texts
from vouchercli.ops.setup import configs
from vouchercli.result import Outcome, say
from vouchercli.store import programmes, templates

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.formats.configs.locate import Kind
    from vouchercli.session import Session


def export_template(session: Session | None, reference: str, to: Path | None) -> Outcome:
    """The YAML of CODE[@VERSION] of the database, or of a shipped name; without a database
    (`session` None) only of the latter. With `to` it is written there.

    Raises `unknown_template`, `unknown_version`, `unknown_config`, `file_exists`.
    """
    code = reference.partition("@")[0]
    if session is None or ("@" not in reference and templates.find(session.db, code) is None):
        return _give("templates", reference, to)
    row = templates.referenced(session.db, reference)
    return _give("templates", code, to, kept=(templates.document(row), row["digest"]))


def export_programme(session: Session | None, code: str, to: Path | None) -> Outcome:
    """The YAML of a programme that is loaded, or of a shipped name; without a database (`session`
    None) only of the latter. With `to` it is written there. Raises `unknown_config`,
    `file_exists`.
    """
    row = programmes.find(session.db, code) if session else None
    if row is None:
        return _give("programmes", code, to)
    return _give("programmes", code, to, kept=(programmes.document(row), row["digest"]))


def export_profile(name: str, to: Path | None) -> Outcome:
    """The YAML of a file profile. Raises `unknown_config`, `file_exists`."""
    return _give("platforms", name, to)


def _give(kind: Kind, name: str, to: Path | None, kept: tuple[Any, str] | None = None) -> Outcome:
    """The text of what the database keeps (its document and digest), with the comments of the file
    of that name where its content is the same; else the file's own text.
    """
    text = _file_text(kind, name, kept[1] if kept else None)
    if text is None:
        assert kept is not None
        text = yaml_texts.of_document(kept[0])
    if to is not None:
        whole_files.write_new(to, text.encode())
    data = {"name": name, "file": None if to is None else str(to), "yaml": text}
    says = (say("{name} is written to {file}", name=name, file=str(to)),) if to else ()
    return Outcome(data, says=says, document=None if to else text)


def _file_text(kind: Kind, name: str, digest: str | None) -> str | None:
    """The text of the config of that name; with a `digest` only when its content has it."""
    if digest is not None and _digest(kind, name) != digest:
        return None
    return yamls.text(locate.find(kind, name))


def _digest(kind: Kind, name: str) -> str:
    """The digest of the config of that name; '' where there is none, or none without a fault."""
    read = configs.read_template if kind == "templates" else configs.read_programme
    try:
        return configs.digest(read(name)[0]) if name in locate.names(kind) else ""
    except VoucherError:
        return ""
