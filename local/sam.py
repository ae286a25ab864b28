"""Run the SAM CLI and leave as soon as it is done: `python -m local.sam build …`.

Python's own finalisation is skipped: with some Python builds an extension module among SAM's dependencies crashes in
it, after the work has succeeded, and turns exit code 0 into a signal (seen with 3.11.7).
"""

import os
import sys

from samcli.cli.main import cli


def main() -> None:
    """Run the command and exit with its code."""
    code: object = 0
    try:
        cli(prog_name="sam")
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
