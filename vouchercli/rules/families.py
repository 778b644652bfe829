"""A family of rounds: one round for each face, for each platform, or for each of both; how packs
are shared out between platforms, and which codes the members have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.rules import money
from vouchercli.rules.rounds import is_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.rules.templates import Template

WHOLE = 10_000  # basis points


class Face(NamedTuple):
    """A face of a family: what it takes off, from which price, and how many packs."""

    denomination_fen: int
    threshold_fen: int
    packs: int

    @property
    def code(self) -> str:
        """`90-300` for 90.00 off from 300.00; fen are written as in 0.5-20."""
        return f"{_short(self.denomination_fen)}-{_short(self.threshold_fen)}"


class Member(NamedTuple):
    """A round of a family: its code, its face (None: the template as it is), platform and packs."""

    code: str
    face: Face | None
    platform: str | None
    packs: int


class Named(NamedTuple):
    """A round of a family as others may call it; `face` '': its packs have not one face."""

    family: str
    face: str
    platform: str
    round: str


def face_of(pack: Template) -> str:
    """The face of a card pack with vouchers of one amount off: `90-300`; '': it has none."""
    faces = {
        (each.denomination_fen, each.threshold_fen) if each.kind == "amount_off" else None
        for each in pack.coupons
    }
    only = faces.pop() if len(faces) == 1 else None
    return "" if only is None else Face(*only, 0).code


def meant(
    members: Iterable[Named], family: str, face: str, platforms: Iterable[str] | None
) -> list[Named]:
    """The rounds of a family, or the one of that code, that a claim with this face can mean, from a
    file of one of these platforms (None: not said). A face is written as `90-300`, or `90` where
    only one begins so.
    """
    said, senders = _plain(face), None if platforms is None else {"", *platforms}
    return [
        each
        for each in members
        if family.casefold() in (each.family.casefold(), each.round.casefold())
        and (not said or said in (each.face, each.face.partition("-")[0]))
        and (senders is None or each.platform in senders)
    ]


def _plain(face: str) -> str:
    """A face without needless zeros and blanks; what is no amount stays as it is."""
    try:
        return "-".join(_short(money.parse_yuan(part.strip())) for part in face.split("-"))
    except ValueError:
        return face.strip()


def read_faces(text: str) -> tuple[Face, ...]:
    """`90-300:480000,180-500:240000` -> the faces, as they stand. Raises `ValueError` with the part
    that is no face, or that is there twice.
    """
    faces = tuple(_read_face(part.strip()) for part in text.split(","))
    _refuse_twice([face.code for face in faces])
    return faces


def read_platforms(text: str) -> tuple[tuple[str, int], ...]:
    """`alipay:40%,wechat:60%` -> platforms with their shares in basis points. Raises `ValueError`
    with the part that is no share, or with the sum when the shares are not the whole.
    """
    shares = tuple(_read_share(part.strip()) for part in text.split(","))
    _refuse_twice([name.casefold() for name, _ in shares])
    whole = sum(share for _, share in shares)
    if whole != WHOLE:
        raise ValueError(f"{money.grouped(whole)}%")
    return shares


def share_out(packs: int, shares_bp: tuple[int, ...]) -> tuple[int, ...]:
    """`packs` over the shares by the largest remainder, to the pack; of equal remainders the first
    named comes first. Source: the largest-remainder method (Hamilton, 1792).
    """
    floors = [packs * share // WHOLE for share in shares_bp]
    left = packs - sum(floors)
    by_remainder = sorted(
        range(len(shares_bp)), key=lambda place: (-(packs * shares_bp[place] % WHOLE), place)
    )
    favoured = {*by_remainder[:left]}
    return tuple(floor + (place in favoured) for place, floor in enumerate(floors))


def members(
    family: str,
    faces: tuple[Face, ...],
    platforms: tuple[tuple[str, int], ...],
    packs: int | None,
) -> tuple[Member, ...]:
    """The rounds of a family, faces first; a platform whose name cannot stand in a code goes there
    by its number. `packs`: how many there are when no face says it.
    """
    each: list[tuple[Face | None, int]] = [(face, face.packs) for face in faces]
    found = []
    for face, number in each or [(None, packs or 0)]:
        stem = family if face is None else f"{family}-{face.code}"
        if not platforms:
            found.append(Member(stem, face, None, number))
            continue
        parts = share_out(number, tuple(share for _, share in platforms))
        words = _words([name for name, _ in platforms])
        for (platform, _), word, part in zip(platforms, words, parts, strict=True):
            found.append(Member(f"{stem}-{word}", face, platform, part))
    return tuple(found)


def _words(platforms: list[str]) -> list[str]:
    """What platforms are called in codes."""
    return [name if is_code(name) else f"p{number}" for number, name in enumerate(platforms, 1)]


def _read_face(part: str) -> Face:
    face, colon, packs = part.partition(":")
    denomination, dash, threshold = face.partition("-")
    if not (colon and dash and packs.isascii() and packs.isdigit() and int(packs)):
        raise ValueError(part)
    try:
        read = Face(money.parse_yuan(denomination), money.parse_yuan(threshold), int(packs))
    except ValueError as error:
        raise ValueError(part) from error
    if not 0 < read.denomination_fen < read.threshold_fen:
        raise ValueError(part)
    return read


def _read_share(part: str) -> tuple[str, int]:
    name, _, share = part.rpartition(":")
    number = share.removesuffix("%")
    try:
        share_bp = money.parse_yuan(number)
    except ValueError as error:
        raise ValueError(part) from error
    if not name.strip() or number == share or share_bp <= 0:
        raise ValueError(part)
    return name.strip(), share_bp


def _refuse_twice(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(name)


def _short(fen: int) -> str:
    """Yuan without needless zeros: 9000 -> 90, 50 -> 0.5."""
    return money.yuan(fen).rstrip("0").rstrip(".")
