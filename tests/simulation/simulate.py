"""Days of the city under many seeds: python tests/simulation/simulate.py [DAYS [SEED]]. A failure ends the
run with the one command that replays it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import deeds
import life

DAYS_OF_A_LIFE = 5


def simulate(days: int, seed: int, folder: Path) -> Counter[str]:
    """Live so many days in lives of five, from that seed on; what was done how often."""
    seen: Counter[str] = Counter()
    while days > 0:
        length = min(days, DAYS_OF_A_LIFE)
        seen.update(life.live(seed, length, folder / "city").seen)
        days -= length
        seed += 1
        if days % 100 == 0:
            print(f"{days} days are left, from seed {seed} on", file=sys.stderr, flush=True)
    return seen


if __name__ == "__main__":
    deeds.is_own_process = True
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    began = time.monotonic()
    print(f"{days} days of a city, from seed {seed} on", flush=True)
    # In memory where that can be had: what a killed process wrote stays, and no disk is waited for.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        seen = simulate(days, seed, Path(folder))
    print(
        f"all agree, after {time.monotonic() - began:.0f} s and {seen.total()} deeds: {dict(seen)}"
    )
