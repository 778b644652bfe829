"""What papers found, per yuan of subsidy: context that stands beside our figures, never as ours."""

from __future__ import annotations

from typing import NamedTuple

from vouchercli.result import Word


class Finding(NamedTuple):
    """A paper, what it found for each yuan, and how."""

    source: str
    found: str
    method: str


FOUND = (
    Finding(
        "Liu, Shen, Li, Chen: Management Science 2021",
        Word("3.4 to 5.8"),
        Word("difference in differences: winners against applicants who missed"),
    ),
    Finding(
        "Xing, Zou, Yin, Wang, Li: AEJ Macroeconomics 2023",
        Word("3 out of pocket, pulled forward from about four months ahead"),
        Word("just won against just lost"),
    ),
    Finding(
        "Ding, Jiang, Msall, Notowidigdo",
        Word("3.1 to 3.3"),
        Word("bunching at the threshold"),
    ),
    Finding("Chen, Li, Mao, Zhou 2025", Word("3.4, large merchants gain most"), ""),
    Finding("Kan, Peng, Wang: Taiwan 2009", Word("about a quarter"), ""),
    Finding("Hsieh, Shimizutani, Hori: Japan 1999", Word("0.1 to 0.3"), ""),
)
