"""The output of a command on stdout, as text that its reader may stop reading."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator

import click

from fitmon.text.format import to_ascii


class Pipe:
    """Where output goes."""

    code = 0
    """The exit code: 0, or that of SIGPIPE once its reader has gone."""


@contextlib.contextmanager
def closable_pipe() -> Iterator[Pipe]:
    """Let the reader of stdout close it, as `head` does."""
    pipe = Pipe()
    try:
        yield pipe
    except BrokenPipeError:
        # Python would try to write the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        pipe.code = 128 + signal.SIGPIPE


def print_output(text: str) -> int:
    """Print text, in ASCII where the stream cannot encode all of it, and return the exit code."""
    utf_8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    with closable_pipe() as pipe:
        click.echo(text if utf_8 else to_ascii(text))
    return pipe.code
