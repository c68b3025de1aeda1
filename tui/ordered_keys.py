"""Hands keys to the application one at a time, so that keys that arrive together act as if typed slowly.

Textual 8.2 gives a key to whatever has the focus at that moment. A dialog opens some messages after the key that
requests it, so the keys behind that one in the same packet would miss it, and Enter could overtake the text before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.events import Event

MAX_WAIT_SECONDS = 10.0
"""How long a key may take; then the next one is handed over all the same, so that ctrl+c always arrives."""

CALM_ROUNDS = 2
"""A message that a key causes, such as that of a submitted field, passes through all queues within so many rounds."""

Handler = Callable[["Event"], Awaitable[None]]


class OrderedKeys:
    """A queue of keys and pastes. The next one is handled when the last one has had its effect.

    The effect is complete when the screen and the focus no longer change and their queues are empty: a dialog is
    mounted and its field has the focus, or a dialog is closed and its answer was taken.
    """

    def __init__(self, app: App[Any], handle: Handler) -> None:
        """Handle nothing yet.

        Args:
            app: the application.
            handle: gives an event to whatever has the focus; called in the message loop of the application.
        """
        self._app = app
        self._handle = handle
        self._waiting: deque[Event] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a key has not had its effect yet."""
        return self._worker is not None and not self._worker.done()

    def add(self, event: Event) -> None:
        """Queue a key or a paste; call it in the message loop of the application."""
        self._waiting.append(event)
        if not self.busy:
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            event = self._waiting.popleft()
            with suppress(TimeoutError):
                async with asyncio.timeout(MAX_WAIT_SECONDS):
                    await _processed(self._app, self._handle, event)
                    await self._calm()

    async def _calm(self) -> None:
        """Wait until the screen and the focus stay the same while all their messages are processed."""
        calm = 0
        while calm < CALM_ROUNDS:
            before = self._app.screen, self._app.focused
            for node in _path(self._app):
                await _processed(node)
            calm = calm + 1 if (self._app.screen, self._app.focused) == before else 0


def _path(app: App[Any]) -> list[DOMNode]:
    """Return what a key passes through: the focused widget, what contains it, the screen, the application."""
    return list((app.focused or app.screen).ancestors_with_self)


async def _processed(node: DOMNode, callback: Callable[..., Awaitable[None]] | None = None, *arguments: object) -> None:
    """Wait until a node has processed its messages, and then the callback; one that is closing has none."""
    done = asyncio.Event()

    async def run() -> None:
        try:
            if callback is not None:
                await callback(*arguments)
        finally:
            done.set()

    if node.call_later(run):
        await done.wait()
