"""The site in a real browser, opened as a file: it asks for nothing outside, is searched by
keyboard, and a judge of pages (axe-core) finds nothing serious; nor on the pages of reports.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe
import browser
import pytest
from test_browser import CONTRAST, tab  # noqa: F401 # a fixture
from test_site import build

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not browser.CHROMIUM, reason="apt-get install chromium"),
]
AXE = axe.script()
needs_axe = pytest.mark.skipif(
    AXE is None, reason="axe-core is not here: make test-slow fetches it (tests/axe.txt)"
)
KINDS = ("index", "rounds", "districts", "merchants", "merchants-1", "round-r1")
ODD = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
REPORTS = ("leverage", "rounds", "merchants", "bulletin", "brief", "list", "districts")


@pytest.fixture
def pages(voucher: Voucher, once: Any) -> list[Path]:
    """Pages of a site of 900 merchants in both languages."""

    def make() -> None:
        shops = "".join(
            f"M{at:04},很长的商户名称{at},行业{at % 7},区{at % 5},微型\n" for at in range(1, 900)
        )
        build(
            voucher,
            f"merchant_no,name,industry,district,size\n{shops}M1,甲,餐饮,一区,小型\nM2,乙,餐饮,一区,小型\n",
        )
        for lang in ("zh", "en"):
            voucher("report", "site", lang, "--as-of", "2020-03-31", "--lang", lang)

    once("a site for a browser", make)
    every = [Path(lang, f"{name}.html") for lang in ("zh", "en") for name in KINDS]
    return [*every, *sorted(Path("zh").glob("district-*.html"))[:1]]


@pytest.fixture
def reports(voucher: Voucher, once: Any) -> list[Path]:
    def make() -> None:
        build(voucher)
        for name in REPORTS:
            more = ("--day", "2020-03-28") if name == "bulletin" else ()
            voucher("report", name, *more, "--lang", "zh", "-O", f"{name}.html")

    once("reports for axe", make)
    return sorted(Path().glob("*.html"))


def asked(tab: browser.Tab) -> list[str]:  # noqa: F811
    return [each["request"]["url"] for each in tab.told("Network.requestWillBeSent")]


def search(tab: browser.Tab, text: str) -> str:  # noqa: F811
    """Reach the search by keyboard, type, and wait for what it says."""
    for _ in range(20):
        tab.press("Tab")
        if tab.value("document.activeElement.id") == "asked":
            break
    tab.call("Input.insertText", text=text)
    said = "document.getElementById('said').textContent"
    parts = "document.getElementById('search').dataset.parts"
    tab.wait_for(f"typeof read !== 'undefined' && read === Number({parts})")
    tab.wait_for(f"{said} && !{said}.includes('/') && !{said}.includes('parts read')")
    return str(tab.value(said))


def test_a_site_asks_for_nothing_outside_itself(tab: browser.Tab, pages: list[Path]) -> None:  # noqa: F811
    assert len(pages) > 2 * len(KINDS)
    for path in pages:
        tab.open(path)
        script = path.with_name("search.js").resolve().as_uri()
        assert asked(tab) == [path.resolve().as_uri(), script]
        assert tab.told(*ODD) == []
    folder = pages[0].parent.resolve().as_uri()
    tab.open(pages[0])
    search(tab, "商户")
    assert len(asked(tab)) > 4 and all(each.startswith(f"{folder}/") for each in asked(tab))
    assert tab.told(*ODD) == []


def test_a_merchant_is_found_by_keyboard(tab: browser.Tab, pages: list[Path]) -> None:  # noqa: F811
    tab.open(pages[0])
    tab.press("Tab")
    assert tab.value("document.activeElement.className") == "skip"  # over the head of the page
    assert tab.value("document.activeElement.getBoundingClientRect().top") >= 0
    assert search(tab, "名称777") == "找到 1 条，显示 1 条"
    tab.press("Tab")
    tab.press("Tab")
    assert tab.value("document.activeElement.textContent") == "M0777"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.value(outline) != "none"
    tab.events.clear()
    tab.press("Enter")
    tab.wait_for("location.pathname.includes('merchants-')")
    assert tab.wait_for("document.querySelector('tr:target th')?.textContent") == "M0777"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("r1", "找到 1 条，显示 1 条"),
        ("区3 行业2", "找到 26 条，显示 26 条"),
        ("Ｍ０００１", "找到 1 条，显示 1 条"),  # also in full width
        ("名称", "找到 899 条，显示 50 条"),
        ("<b>", "没有找到。"),
    ],
)
def test_what_is_found(tab: browser.Tab, pages: list[Path], words: str, said: str) -> None:  # noqa: F811
    tab.open(pages[0])
    assert search(tab, words) == said


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_a_site_fits_a_telephone_and_a_desk(
    tab: browser.Tab,  # noqa: F811
    pages: list[Path],
    width: int,
) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 700}
    for path in pages:
        tab.open(path)
        tab.call("Emulation.setDeviceMetricsOverride", **size)
        assert tab.value("document.documentElement.scrollWidth") <= width, path
    search(tab, "名称")
    assert tab.value("document.documentElement.scrollWidth") <= width
    tab.call("Emulation.clearDeviceMetricsOverride")


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("what", ["pages", "reports"])
def test_a_judge_of_pages_finds_nothing_serious(
    tab: browser.Tab,  # noqa: F811
    request: pytest.FixtureRequest,
    what: str,
    scheme: str,
) -> None:
    assert AXE
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    tab.call("Emulation.setEmulatedMedia", features=features)
    paths = request.getfixturevalue(what)
    assert paths
    for path in paths:
        tab.open(path)
        if what == "pages":
            search(tab, "1")
            assert tab.value(CONTRAST) >= 4.5
        assert axe.faults(tab, AXE) == [], path
    tab.call("Emulation.setEmulatedMedia", features=[])


WRONG = """<!doctype html><html><head><title>x</title></head><body><main><h1>x</h1>
<img src="data:,"><input type="search"><p style="color: #bbb; background: #fff">text</p></main></body></html>"""


@needs_axe
def test_a_page_with_faults_is_found(tab: browser.Tab, tmp_path: Path) -> None:  # noqa: F811
    assert AXE
    page = tmp_path / "wrong.html"
    page.write_text(WRONG, "utf-8")
    tab.open(page)
    rules = {each.partition(" ")[0] for each in axe.faults(tab, AXE)}
    assert {"html-has-lang", "image-alt", "label", "color-contrast"} <= rules


def test_a_site_that_asks_outside_is_found(tab: browser.Tab, pages: list[Path]) -> None:  # noqa: F811
    page = pages[0].with_name("wrong.html")
    tag = '<img src="http://127.0.0.1:9/x.png">'
    page.write_text(pages[0].read_text("utf-8").replace("<main", f"{tag}<main"), "utf-8")
    tab.open(page)
    assert tab.told(*ODD)  # the page's own policy forbids it
    page.write_text(page.read_text("utf-8").replace("default-src 'none'; ", ""), "utf-8")
    tab.open(page)
    assert "http://127.0.0.1:9/x.png" in asked(tab)
