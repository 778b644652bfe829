"""Reports: what the kept totals say, with every ratio beside its base."""

from vouchercli.ops.reports.leverage import report_leverage
from vouchercli.ops.reports.rounds import report_rounds

__all__ = ["report_leverage", "report_rounds"]
