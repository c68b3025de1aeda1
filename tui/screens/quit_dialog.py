"""The dialog of the key q while the run is training: leave it running, stop it, or stay."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

QuitChoice = Literal["detach", "stop"]

ROOMY_WIDTH = 64
"""On a narrower terminal the hints are shorter."""


class QuitDialog(ModalScreen[QuitChoice | None]):
    """Asks what becomes of the training; the result is None if the user stays."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("d", "detach", "detach"),
        ("s,y", "choose('stop')", "stop"),
        ("n,escape,q", "choose(None)", "back"),
        ("enter", "explain", "nothing"),
    ]

    def __init__(self, no_detach: str) -> None:
        """Build the dialog; `no_detach` says why the training cannot continue without the screen, empty if it can."""
        super().__init__(classes="dialog")
        self._no_detach = no_detach

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled("Training is still running.", "bold"))
            yield Static(Content(self._choices()), id="choices")
            yield Static(id="error", classes="error")

    def _choices(self) -> str:
        roomy = self.app.size.width >= ROOMY_WIDTH
        detach = f"d    detach{': training continues in the background' if roomy else ', training continues'}"
        stop = f"s    stop and quit{'; `fitmon resume` can continue it' if roomy and not self._no_detach else ''}"
        return "\n".join([*([] if self._no_detach else [detach]), stop, "esc  back"])

    def on_mount(self) -> None:
        self.query_one("#error").display = False

    def action_choose(self, choice: QuitChoice | None) -> None:
        self.dismiss(choice)

    def action_detach(self) -> None:
        if self._no_detach:
            self._explain(f"It cannot continue in the background: {self._no_detach}.")
        else:
            self.dismiss("detach")

    def action_explain(self) -> None:
        self._explain("Press s or esc." if self._no_detach else "Press d, s or esc.")

    def _explain(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(text))
        line.display = True
