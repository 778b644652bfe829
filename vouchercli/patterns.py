"""Regular expressions that are compiled at their first use: to compile all of them would make every
command start later, and few commands meet a text to which they apply.
"""

from __future__ import annotations

import re
from typing import Any


class Pattern:
    """`re.compile(text, flags)`, later."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        method = self.__dict__[name] = getattr(re.compile(self._text, self._flags), name)
        return method
