"""voucher: the administration tool of a city's consumer-voucher programmes."""

__version__ = "0.2.0"
