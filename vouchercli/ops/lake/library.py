"""What a lake is read and written with."""

from __future__ import annotations

from vouchercli.errors import VoucherError


def needed() -> None:
    """Raises `VoucherError` library_missing where there is no polars."""
    try:
        import polars  # noqa: F401 - only lakes, and large files, need it
    except ImportError as error:
        raise VoucherError(
            "library_missing",
            "a lake needs polars, which is not installed here",
            hint="pip install polars",
        ) from error
