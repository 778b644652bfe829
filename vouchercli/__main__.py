"""python -m vouchercli, and the console script `voucher`."""

import sys

INTERRUPTED = 130


def run() -> None:
    """Load the program and run it. Who interrupts it before it is loaded sees no traceback."""
    try:
        from vouchercli.cli.main import run as run_command_line
    except KeyboardInterrupt:  # nothing is begun
        sys.exit(INTERRUPTED)
    run_command_line()


if __name__ == "__main__":
    run()
