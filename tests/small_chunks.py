"""`voucher` with small chunks, for a child that is to be killed: python small_chunks.py LINES BYTES
ARGS ...
"""

import sys

from vouchercli.cli.main import run
from vouchercli.ops.intake import by_columns, chunks

chunks.LINES, by_columns.BYTES = int(sys.argv[1]), int(sys.argv[2])
sys.argv[1:3] = []
run()
