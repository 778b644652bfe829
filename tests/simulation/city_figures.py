"""The figures of what stands, by the model: net of refunds, each payment shared as its round's pack
says.
"""

from __future__ import annotations

from city_model import Books, pack_of
from city_rules import Rules, split


def leverage(books: Books, rules: Rules, code: str | None = None) -> dict[str, int]:
    """The figures of a round, or of all."""
    mine = [
        each for each in books.payments.values() if code in (None, books.claims[each.claim_no][0])
    ]
    shares = [split(pack_of(books, rules, each.claim_no), each.kept_fen) for each in mine]
    subsidy = sum(share.get("treasury", 0) for share in shares)
    platform = sum(share.get("shop", 0) for share in shares)
    base = sum(each.left_fen for each in mine)
    return {
        "redemptions": sum(not each.is_undone for each in mine),
        "base_fen": base,
        "subsidy_fen": subsidy,
        "platform_fen": platform,
        "match_fen": 0,
        "own_fen": base - subsidy - platform,
        "paid_fen": subsidy + platform,
        "claimed_vouchers": sum(
            len(pack_of(books, rules, number).coupons)
            for number, claim in books.claims.items()
            if code in (None, claim[0])
        ),
    }


def round_figures(books: Books, rules: Rules, code: str) -> dict[str, int]:
    """What `report rounds` says of a round."""
    claims = {number: claim for number, claim in books.claims.items() if claim[0] == code}
    used = [
        each for each in books.payments.values() if each.claim_no in claims and not each.is_undone
    ]
    return {
        "claimed": len(claims),
        "claimers": len({resident for _, resident, _ in claims.values()}),
        "used_vouchers": len(used),
        "paid_fen": leverage(books, rules, code)["paid_fen"],
    }
