"""axe-core, a judge of pages for people who cannot see or use a mouse. tests/axe.txt pins the package
that brings it, without what that needs: nothing but its script is used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import browser

WHERE = "[Ll]ib/**/axe_playwright_python/axe.min.js"
GRAVE = ("serious", "critical")


def script() -> Path | None:
    """The script; None where its package is not installed."""
    return next(Path(f"{sys.prefix}-judges").glob(WHERE), None)


def faults(tab: browser.Tab, script: Path) -> list[str]:
    """What is gravely wrong with the page that the tab shows: rule and elements."""
    tab.value(script.read_text("utf-8") + "; true")
    answer = tab.call(
        "Runtime.evaluate",
        expression="axe.run().then(told => JSON.stringify(told.violations))",
        awaitPromise=True,
        returnByValue=True,
    )
    assert "exceptionDetails" not in answer, answer
    return [
        f"{each['id']} ({each['impact']}): {[node['html'][:200] for node in each['nodes']]}"
        for each in json.loads(answer["result"]["value"])
        if each["impact"] in GRAVE
    ]
