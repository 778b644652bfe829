"""Run one command and write down what it took: `python measure.py OUT.json COMMAND...`; its exit
code is passed on.

A process of its own, and a small one: a child's peak memory begins with that of the process it was
forked from.
"""

import json
import os
import sys
import time


def main() -> int:
    out, *command = sys.argv[1:]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    rss = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with open(out, "w", encoding="utf-8") as file:  # noqa: PTH123  (pathlib would make this process larger)
        json.dump({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": rss}, file)
    return os.waitstatus_to_exitcode(status) & 255


if __name__ == "__main__":
    sys.exit(main())
