"""python -m vouchercli"""

from vouchercli.cli.main import run

run()
