"""What the command line says besides its output: one line at a time on stderr."""

import sys


def print_message(message: str) -> None:
    """Print one line on stderr; characters that could control the terminal are made visible."""
    line = " ".join(message.split())
    visible = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)
    print(f"fitmon: {visible}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is where a command line reports
