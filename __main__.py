"""Run the command line with `python -m fitmon`."""

import sys

from fitmon.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
