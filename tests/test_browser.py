"""Pages in a real browser: they ask for nothing, say nothing odd, fit a telephone and paper, and
can be read in the dark and by keyboard.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import browser
import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Voucher = Callable[..., Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not browser.CHROMIUM, reason="apt-get install chromium"),
]
REPORTS = {
    "leverage": ("leverage", "--by", "industry"),
    "merchants": ("merchants",),
    "bulletin": ("bulletin", "--day", "2020-03-28"),
    "brief": ("brief",),
    "rounds": ("rounds",),
    "list": ("list",),
}
# WCAG 2: relative luminance and contrast of two colours.
CONTRAST = """
(() => {
  const light = text => {
    const parts = text.match(/[\\d.]+/g).slice(0, 3).map(Number).map(each => {
      const part = each / 255;
      return part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const inks = [...document.querySelectorAll("body, h1, dt, dd, .note, th, td, p")]
    .map(each => light(getComputedStyle(each).color));
  return Math.min(...inks.map(ink =>
    (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)));
})()
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Tab]:
    with browser.browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def pages(voucher: Voucher, once: Any) -> dict[str, Path]:
    def build() -> None:
        shops = "".join(
            f"M{at},很长的商户名称{at},行业{at % 7},区{at % 5},微型\n" for at in range(30)
        )
        merchants = "merchant_no,name,industry,district,size\n" + shops
        towns.build(voucher, towns.programme(), towns.pack(), merchants=merchants)
        towns.make_round(voucher, "r1", packs=90, state="open")
        claims = "".join(f"C{at},r1,r{at},2020-03-27 08:00:01\n" for at in range(60))
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        paid = "".join(
            f"T{at},pay,C{at},1,M{at % 30},2020-03-28 10:00:00,{50 + at * 37}.50,0,10,\n"
            for at in range(60)
        )
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + paid))
        for name, words in REPORTS.items():
            for lang in ("zh", "en"):
                voucher("report", *words, "--lang", lang, "-O", f"{name}.{lang}.html")

    once("pages for a browser", build)
    return {path.stem: path for path in Path().glob("*.html")}


def test_pages_ask_for_nothing_and_say_nothing_odd(
    tab: browser.Tab, pages: dict[str, Path]
) -> None:
    assert len(pages) == 2 * len(REPORTS)
    for path in pages.values():
        tab.open(path)
        asked = [each["request"]["url"] for each in tab.told("Network.requestWillBeSent")]
        assert asked == [path.resolve().as_uri()]
        odd = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        assert tab.told(*odd) == []
        assert path.stat().st_size < 300_000


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_pages_fit_a_telephone_and_a_desk(
    tab: browser.Tab, pages: dict[str, Path], width: int
) -> None:
    for path in pages.values():
        tab.open(path)
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=width < 700,
        )
        assert tab.value("document.documentElement.scrollWidth") <= width, path.name
    tab.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_read_in_the_dark_and_in_the_light(
    tab: browser.Tab, pages: dict[str, Path], scheme: str
) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    tab.call("Emulation.setEmulatedMedia", features=features)
    for path in pages.values():
        tab.open(path)
        assert tab.value(CONTRAST) >= 4.5, path.name
    paper = tab.value("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    tab.call("Emulation.setEmulatedMedia", features=[])


# how far the words of pictures stand out of them, in pixels
OUTSIDE = """
Math.max(0, ...[...document.querySelectorAll("svg text")].map(each => {
  const box = each.getBBox();
  return Math.max(-box.x, box.x + box.width - each.ownerSVGElement.viewBox.baseVal.width);
}))
"""


def test_pictures_show_their_words_whole(tab: browser.Tab, pages: dict[str, Path]) -> None:
    seen = 0
    for path in pages.values():
        tab.open(path)
        assert tab.value(OUTSIDE) == 0, path.name
        seen += tab.value("document.querySelectorAll('svg text').length")
    assert seen > 20


def test_pages_are_printed_on_a4(tab: browser.Tab, pages: dict[str, Path]) -> None:
    for path in pages.values():
        tab.open(path)
        printed = tab.call("Page.printToPDF", preferCSSPageSize=True)["data"]
        content = base64.b64decode(printed)
        boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
        assert boxes, path.name
        assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}


A4 = 680  # pixels of 96 to an inch between its margins of 15 mm


def test_tables_fit_on_a4(tab: browser.Tab, pages: dict[str, Path]) -> None:
    tab.call("Emulation.setEmulatedMedia", media="print")
    size = {"width": A4, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    tab.call("Emulation.setDeviceMetricsOverride", **size)
    for path in pages.values():
        tab.open(path)
        assert tab.value("document.documentElement.scrollWidth") <= A4, path.name
    tab.call("Emulation.clearDeviceMetricsOverride")
    tab.call("Emulation.setEmulatedMedia", media="")


def test_wide_tables_are_reached_by_keyboard(tab: browser.Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["bulletin.zh"])
    for kind in ("keyDown", "keyUp"):
        tab.call(
            "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
    assert tab.value("document.activeElement.className") == "scroll"
    assert tab.value("document.activeElement.getAttribute('role')") == "region"


def test_pages_say_what_they_are_to_a_reader_that_speaks(
    tab: browser.Tab, pages: dict[str, Path]
) -> None:
    for name, path in pages.items():
        tab.open(path)
        lang = tab.value("document.documentElement.lang")
        assert lang == ("zh-CN" if name.endswith("zh") else "en")
        assert tab.value("document.querySelectorAll('h1').length") == 1
        assert tab.value("document.querySelectorAll('th:not([scope])').length") == 0
        named = "[...document.querySelectorAll('[aria-labelledby]')].every(each =>"
        named += " document.getElementById(each.getAttribute('aria-labelledby')))"
        assert tab.value(named) is True
        numbers = "document.querySelectorAll('svg:not([role=img])').length"
        assert tab.value(numbers) == 0


WRONG = """<!doctype html><html lang="en"><head><style>body { color: #999; background: #fff;
width: 2000px; }</style></head><body><svg viewBox="0 0 9 9"><text x="-9" y="5">word</text></svg><img src="missing.png"><script>console.log("odd")</script>
<p>text</p></body></html>"""


def test_what_is_wrong_with_a_page_is_found(tab: browser.Tab, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(WRONG, "utf-8")
    tab.open(page)
    asked = [each["request"]["url"] for each in tab.told("Network.requestWillBeSent")]
    assert [each.rpartition("/")[2] for each in asked] == ["wrong.html", "missing.png"]
    assert tab.told("Runtime.consoleAPICalled") and tab.told("Log.entryAdded")
    assert tab.value("document.documentElement.scrollWidth") >= 2000
    assert tab.value(CONTRAST) < 4.5
    assert tab.value(OUTSIDE) >= 9
