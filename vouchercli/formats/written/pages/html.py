"""A page for a browser: one file that asks for nothing from outside, runs no script, prints on A4,
and is read on a telephone, in the dark and in the light.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from vouchercli.formats.written.pages.bars import picture

if TYPE_CHECKING:
    from vouchercli.pages import Page


def render(page: Page) -> str:
    """The file."""
    pictures = [picture(grid) for grid in page.grids]
    text: str = _template().render(page=page, grids=[*zip(page.grids, pictures, strict=True)])
    return text


@cache
def _template() -> Any:
    import jinja2  # only for those who want a page

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vouchercli.formats.written", "pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("page.html.jinja")
