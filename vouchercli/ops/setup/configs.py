"""A programme's or template's YAML: found by name or path, read, and every fault of it said at its
place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vouchercli.formats.configs import locate, yamls
from vouchercli.rules import programmes, templates

if TYPE_CHECKING:
    from vouchercli.formats.configs.yamls import Document
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template


def read_programme(name_or_path: str) -> tuple[Programme, Document]:
    """The programme of a shipped name or a file. Raises `unknown_config`, `bad_yaml` (with every
    fault).
    """
    return yamls.checked(locate.find("programmes", name_or_path), programmes.read)


def read_template(name_or_path: str) -> tuple[Template, Document]:
    """The template of a shipped name or a file. Raises `unknown_config`, `bad_yaml` (with every
    fault).
    """
    return yamls.checked(locate.find("templates", name_or_path), templates.read)


def digest(value: Any) -> str:
    """SHA-256 of the content of a programme or template: comments, layout and the order of keys do
    not count.
    """
    text = json.dumps(asdict(value), ensure_ascii=False, sort_keys=True, default=sorted)
    return hashlib.sha256(text.encode()).hexdigest()
