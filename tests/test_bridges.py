"""Names of districts and industries in the national standards."""

from __future__ import annotations

import pytest

from vouchercli.formats.configs import divisions, industries
from vouchercli.rules import bridges


@pytest.mark.parametrize(
    ("city", "district", "code"),
    [
        ("330100", "西湖区", "330106"),
        ("330100", "西湖", "330106"),
        ("330100", "330106", "330106"),
        ("330100", "330103", "330105"),  # 下城区 was joined to 拱墅区 in 2021
        ("360100", "西湖区", "360103"),  # Nanchang has one too
        ("330100", "海曙区", ""),  # of Ningbo
        ("110000", "东城区", "110101"),
        ("330100", "330199", ""),
        ("330100", "", ""),
        ("330100", "西湖区和滨江区", ""),
    ],
)
def test_a_district_has_the_code_of_its_city(city: str, district: str, code: str) -> None:
    known = divisions.names_in_force(), divisions.successors_of_retired()
    assert bridges.county(city, district, *known) == code


@pytest.mark.parametrize(
    ("industry", "section"),
    [
        ("餐饮业", "H"), ("餐饮", "H"), ("正餐服务", "H"), ("62", "H"), ("H62", "H"), ("6210", "H"),
        ("零售业", "F"), ("F", "F"), ("A62", ""), ("99", ""), ("文旅", ""), ("", ""),
    ],
)  # fmt: skip
def test_an_industry_has_its_section(industry: str, section: str) -> None:
    standard = industries.standard()
    assert bridges.section(industry, standard.codes, standard.names) == section
    assert section == "" or standard.sections[section]


def test_the_lists_are_whole() -> None:
    names = divisions.names_in_force()
    assert (names["330000"], names["330100"], bridges.province("330106")) == (
        "浙江省",
        "杭州市",
        "330000",
    )
    assert len(names) == 3213
    assert "".join(industries.standard().sections) == "ABCDEFGHIJKLMNOPQRST"
