"""What lies in a lake: a folder for each city, one in it for each programme, with a manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files
from vouchercli.result import Problem
from vouchercli.rules import figures, manifests
from vouchercli.rules import lake as rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vouchercli.rules.lake import Manifest


class Found(NamedTuple):
    """A programme of a city as it lies in a lake."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """`330100/hangzhou-2020`."""
        return f"{self.manifest.city}/{self.manifest.programme}"

    def paths(self, table: str) -> list[Path]:
        """Its files of a table."""
        return [self.folder / each.path for each in self.manifest.of(table)]


def found(root: Path) -> tuple[list[Found], list[Problem]]:
    """What lies in a lake, by city and programme, and what cannot be read. Raises `VoucherError`
    no_lake.
    """
    if not root.is_dir():
        raise VoucherError(
            "no_lake",
            "there is no folder {folder}",
            hint="write one: voucher lake export {folder} --city 330100",
            folder=str(root),
        )
    some: list[Found] = []
    problems: list[Problem] = []
    for folder in sorted(path for path in root.glob("*/*") if path.is_dir()):
        if not figures.CITY.fullmatch(folder.parent.name):
            continue
        try:
            manifest = read_manifest(folder)
        except VoucherError as error:
            problems.append(
                Problem(error.code, error.text, error.where, error.hint, params=error.params)
            )
            continue
        if manifest is None:
            problems.append(
                Problem(
                    "lake_no_manifest",
                    "it has no manifest: an export was stopped, nothing counts",
                    str(folder),
                    "voucher lake export {root} --city {city}",
                    params={"root": str(root), "city": folder.parent.name},
                )
            )
        elif (manifest.city, manifest.programme) != (folder.parent.name, folder.name):
            problems.append(
                Problem(
                    "lake_moved",
                    "its manifest is of another city or programme: nothing counts",
                    str(folder),
                    "put it back where it was",
                )
            )
        else:
            some.append(Found(folder, manifest))
    return some, problems


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a programme's folder; None: there is none. Raises `VoucherError`
    lake_unreadable, lake_newer, lake_older, unreadable_file.
    """
    path = folder / rules.MANIFEST
    if not path.exists():
        return None
    try:
        found = manifests.read(json.loads(whole_files.read(path)))
    except (ValueError, RecursionError):  # no JSON, or nested as no manifest is
        found = manifests.Unread(manifests.WRONG, "JSON")
    if isinstance(found, manifests.Unread):
        raise _refusal(found.why, {"file": str(path), "what": found.what})
    return found


def _refusal(why: str, about: dict[str, Any]) -> VoucherError:
    if why == manifests.NEWER:
        return VoucherError(
            "lake_newer",
            "{file} was written by a newer program: {what} is not known here",
            hint="use the version of voucher that wrote it, or a later one",
            **about,
        )
    if why == manifests.OLDER:
        return VoucherError(
            "lake_older",
            "{file} was written by an older program, whose tables do not have {what}",
            hint="export into a new folder, with this version of voucher",
            **about,
        )
    return VoucherError(
        "lake_unreadable",
        "{file} is no manifest, or somebody changed it ({what})",
        hint="put it back as it was, or export into a new folder",
        **about,
    )


def strays(each: Found) -> Sequence[str]:
    """Files in its folder that no manifest names: they are not read."""
    known = {file.path for file in each.manifest.files} | {rules.MANIFEST}
    there = (path.relative_to(each.folder).as_posix() for path in each.folder.rglob("*.parquet"))
    return sorted({*there} - known)
