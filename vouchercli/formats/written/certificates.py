"""What a draw leaves behind: the list of entrants, the certificate as JSON, and the same for the
eye in both languages.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.formats import whole_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


COLUMNS = [
    ("application_no", *more) for more in ((), ("district",), ("group",), ("district", "group"))
]


class ReadList(NamedTuple):
    """A list of entrants as a file has it: the digest of its bytes, its columns, its rows."""

    sha256: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


# ---------------------------------------------------------------- files


def write(target: Path | str, lines: Iterable[bytes]) -> bool:
    """Write a file whole or not at all; gives whether it is new. The same bytes may stand there
    already, others are refused.
    """
    path = Path(target)
    with whole_files.draft_file(path, f".{os.getpid()}") as draft:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.writelines(lines)
        if not path.exists():
            draft.replace(path)
            return True
        if path.read_bytes() == draft.read_bytes():
            return False
    raise whole_files.in_the_way(path)


def read_certificate(path: str) -> Any:
    """The JSON document of a certificate's file. Raises `bad_certificate` when it is no JSON or
    has a key twice (readers differ in which one they take), and what `whole_files.read` raises.
    """
    try:
        return json.loads(whole_files.read(path), object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError) as error:
        raise VoucherError(
            "bad_certificate",
            "{file} is not a certificate of a draw: {why}",
            hint="take the .json that the draw wrote",
            file=path,
            why=str(error),
        ) from error


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ValueError("a key stands twice")
    return whole


def read_list(path: str) -> ReadList:
    """A list of entrants. Raises `bad_entrants` when it has no such columns, and what
    `whole_files.read` raises.
    """
    raw = whole_files.read(path)
    try:
        reader = csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True), strict=True)
        columns = tuple(next(reader, []))
        rows = [tuple(cells) for cells in reader]
    except (ValueError, csv.Error) as error:
        raise _bad_list(path) from error
    if columns not in COLUMNS or any(len(row) != len(columns) for row in rows):
        raise _bad_list(path)
    return ReadList(hashlib.sha256(raw).hexdigest(), columns, rows)


def _bad_list(path: str) -> VoucherError:
    return VoucherError(
        "bad_entrants",
        "{file} is not a list of entrants",
        file=path,
        hint="take the .csv that voucher draw entrants wrote, as it is: a spreadsheet changes it",
    )


# ---------------------------------------------------------------- for the eye

LABELS = (
    ("programme", "项目 Programme"),
    ("round", "期次 Round"),
    ("committed_at", "种子承诺时间 Seed committed at"),
    ("seed_sha256", "承诺的种子摘要 Committed digest of the seed"),
    ("registration_closed_at", "报名截止 Registration closed at"),
    ("applications", "报名数 Applications"),
    ("entrants", "参加摇号数（一人一号） Entrants, one a person"),
    ("published_at", "名单公布时间 List published at"),
    ("entrants_sha256", "名单文件摘要 Digest of the list"),
    ("strata_fixed_at", "名额分配确定时间 Quotas fixed at"),
    ("places", "名额 Places"),
    ("drawn_at", "摇号时间 Drawn at"),
    ("seed", "公开的种子 Seed, revealed"),
    ("public_source", "事先约定的公共随机来源 Public source, announced before"),
    ("public_randomness", "混入的公共随机文本 Public text, mixed in"),
    ("effective_seed", "用于摇号的种子 Seed of the tickets"),
    ("sha256", "证书摘要 Digest of this certificate"),
)
BARRED = {"not_eligible": "不在资格名单", "resident_limit": "已达领取上限"}
HEAD = ("消费券摇号证书", "CERTIFICATE OF A VOUCHER DRAW")
REHEARSAL = "演练，非真实摇号 REHEARSAL: no real draw"
HOW = (
    '复核：每份报名的票号 = SHA-256(用于摇号的种子 + ":" + 报名编号)，票号小者中签。',
    (
        'Proof: the ticket of an application = SHA-256(seed of the tickets + ":" + application'
        " number); the smallest win."
    ),
    "voucher draw verify CERTIFICATE.json --entrants ENTRANTS.csv",
)


def printed(document: dict[str, Any]) -> Iterator[bytes]:
    """The certificate to print and to sign: every fact in both languages, then the winners, part by
    part.
    """
    yield from _lines(*HEAD, *([REHEARSAL] if document.get("rehearsal") else ()), "")
    yield from _lines(*(f"{label}: {_json_text(document[key])}" for key, label in LABELS), "", *HOW)
    if document["barred"]:
        yield from _lines("", f"不得中签 Barred: {len(document['barred']):,}")
        yield from _lines(
            *(
                f"{each['application_no']} {BARRED.get(each['reason'], '')} {each['reason']}"
                for each in document["barred"]
            )
        )
    for part in document["strata"]:
        name = " ".join(value for value in (part["district"], part["group"]) if value)
        yield from _part(f"{name}: 名额 quota {part['quota']:,}", part)
    yield from _part(
        "其余名额 The places that were left" if document["strata"] else "中签 Winners",
        document["rest"],
    )
    if "arms" in document:
        yield from _arms(document["arms"])


def _arms(arms: dict[str, Any]) -> Iterator[bytes]:
    """Which of the two rounds each winner is in."""
    within = ", ".join(arms["within"]) or "–"
    yield from _lines("", f"两组分配，分层依据 The two arms, shared out within: {within}")
    for arm in arms["rounds"]:
        yield from _lines(
            "",
            f"{arm['round']}: 名额 places {arm['places']:,}; 中签 winners {len(arm['winners']):,}",
            *arm["winners"],
        )


def _part(name: str, part: dict[str, Any]) -> Iterator[bytes]:
    yield from _lines(
        "", f"{name}; 参加 entrants {part['entrants']:,}; 中签 winners {len(part['winners']):,}"
    )
    if part["winners"]:
        yield from _lines(
            f"最大中签票号 Largest winning ticket: {part['last_ticket']}", *part["winners"]
        )


def _json_text(value: Any) -> str:
    return "–" if value in (None, "") else f"{value:,}" if isinstance(value, int) else str(value)


def _lines(*texts: str) -> Iterator[bytes]:
    yield from (f"{text}\n".encode() for text in texts)
