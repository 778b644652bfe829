"""LAW: pure functions on plain values; standard library only; no I/O, clock, chance or SQL."""
