"""Settings that somebody wrote into a small YAML file beside the database: `limits.yaml`,
`backups.yaml`, `witness.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vouchercli.documents import Fault

Settings = TypeVar("Settings")


def settings(
    path: Path, name: str, read: Callable[[Any], tuple[Settings, list[Fault]]], default: Settings
) -> Settings:
    """What the file of that name beside the database at `path` says; `default` where there is none.
    Raises `VoucherError`: bad_yaml (with every fault), yaml_not_utf8, unreadable_file.
    """
    file = path.resolve().with_name(name)
    if not file.exists():
        return default
    from vouchercli.formats.configs import yamls  # takes a tenth of a start: only where it is there

    return yamls.unchanged(file, read)
