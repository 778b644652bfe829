"""What the sizes of merchants in registries mean: which of them are small or micro.

Source: 统计上大中小微型企业划分办法 (2017), which divides enterprises into large, medium, small and
micro; registries of merchants write these words in several ways, and list the self-employed
(个体工商户) as a size of their own.
"""

from __future__ import annotations

SMALL = frozenset(
    ("small", "micro", "小型", "微型", "小", "微", "小微", "个体", "个体户", "个体工商户")
)


def is_small(size: str) -> bool:
    """Whether a registry's word for a size says small, micro or self-employed."""
    return size.strip().casefold().removesuffix("企业") in SMALL
