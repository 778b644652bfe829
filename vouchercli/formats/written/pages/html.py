"""A page for a browser: one file that asks for nothing from outside, runs no script, prints on A4,
and is read on a telephone, in the dark and in the light.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from vouchercli.formats.written.pages.bars import picture

if TYPE_CHECKING:
    from vouchercli.pages import Frame, Page


def render(page: Page, frame: Frame | None = None) -> str:
    """The file; with what stands around it in a site, which has one script: its search."""
    pictures = [picture(grid) for grid in page.grids]
    grids = [*zip(page.grids, pictures, strict=True)]
    text: str = _template().render(page=page, grids=grids, frame=frame)
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


def search_script() -> str:
    """The script of a site: its search."""
    return (
        resources.files("vouchercli.formats.written.pages").joinpath("search.js").read_text("utf-8")
    )
