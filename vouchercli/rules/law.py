"""Every ladder of the law, in the order in which rows come to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.rules.applications import APPLICATIONS, APPLICATIONS_IN_TIME
from vouchercli.rules.claims import CLAIMS, CLAIMS_IN_TIME
from vouchercli.rules.redemptions import PAYMENTS
from vouchercli.rules.vouchers import TIMELINE

if TYPE_CHECKING:
    from vouchercli.rules.ladders import Ladder

# asked of rows beside one another
IN_TIME = (APPLICATIONS_IN_TIME, CLAIMS_IN_TIME, TIMELINE)
LADDERS: tuple[Ladder, ...] = (
    APPLICATIONS,
    APPLICATIONS_IN_TIME,
    CLAIMS,
    CLAIMS_IN_TIME,
    PAYMENTS,
    TIMELINE,
)


def codes() -> set[str]:
    """The reasons for which a rule refuses a row."""
    return {rung.code for ladder in LADDERS for rung in ladder.rungs}
