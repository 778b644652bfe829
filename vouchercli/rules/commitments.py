"""What a round commits of each funder's money for its packs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules import money
from vouchercli.rules.rounds import liability
from vouchercli.rules.shares import WHOLE_BP
from vouchercli.rules.templates import match_liability_fen

if TYPE_CHECKING:
    from vouchercli.rules.templates import Template


def pack_parts(template: Template) -> tuple[tuple[str, int], ...]:
    """The most that one pack can cost each funder, in fen: its share of every subsidy up to the
    face, and the match.

    Of three funders and more the last, who takes the rest of a percentage, may have a fen more of a
    lower subsidy than of the face.
    """
    parts = dict(liability(1, template))
    shares = tuple(share.bp for share in template.funding)
    last = template.funding[-1].funder
    for coupon in template.coupons:
        if coupon.percent_bp and len(shares) > 2:
            face = coupon.denomination_fen
            lower = range(max(face - WHOLE_BP, 0), face + 1)  # below that the same rests come again
            rest = max(money.split(subsidy, shares)[-1] for subsidy in lower)
            parts[last] += rest - money.split(face, shares)[-1]
    if template.match:
        funder, most = template.match.funder, match_liability_fen(template)
        parts[funder] = parts.get(funder, 0) + most
    return tuple(parts.items())
