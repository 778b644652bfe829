"""WORDS: parse, call one operation, show what it returned."""

import atexit
import gc
import os

# Start-up and end, a seventh of a short command: what is imported lives as long as the process, so
# the collector need not look for cycles in it after every 700th object, nor once more, object by
# object, when the interpreter ends. main() sets it back: whoever calls it twice in one process gets
# the usual collector.
USUAL_COLLECTOR = gc.get_threshold()
gc.set_threshold(100_000, 20, 20)
atexit.register(gc.freeze)

# a shell that completes a command line sets it
COMPLETING = "_VOUCHER_COMPLETE"

# zoneinfo would load sysconfig, a millisecond, to learn where these are; without them it reads the
# package tzdata.
os.environ.setdefault(
    "PYTHONTZPATH",
    "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
)
