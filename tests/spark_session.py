"""Reports of a lake by one session of Spark, as JSON lines: `python spark_session.py MASTER LAKE
"leverage --by city" rounds ...`. A command has a session of its own, which takes longer to start
than a small report to answer.
"""

from __future__ import annotations

import sys

from vouchercli.cli.main import main
from vouchercli.ops.lake import asking
from vouchercli.ops.lake.spark import spark


def reports(master: str, lake: str, *asked: str) -> int:
    """The exit code of the first report that fails; 0: none does."""
    engine = spark(master, lake)
    close = engine.close
    engine.close = lambda: None  # type: ignore[method-assign] # when all are made
    asking.engine_of = lambda name, lake: engine
    try:
        for words in asked:
            of = ("--lake", lake, "--engine", master, "-o", "json")
            code = main(["report", *words.split(), *of])
            if code:
                return code
        return 0
    finally:
        close()


if __name__ == "__main__":
    sys.exit(reports(*sys.argv[1:]))
