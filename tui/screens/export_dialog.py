"""The dialog that exports the model to a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fitmon.engine.commands import Export, Keep
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.sentences import best_loss
from fitmon.tui.widgets.number_field import NumberField

SUFFIX = ".keras"


class ExportDialog(ModalScreen[Export | None]):
    """Asks for the weights and the file; its result is the command."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_weights", "other weights", priority=True),
        ("escape", "back", "back"),
    ]

    def __init__(self, snapshot: Snapshot, name: str) -> None:
        """Suggest the best weights and a file named after the run, in the current folder.

        Args:
            snapshot: of a run with at least one epoch done.
            name: of the run.
        """
        super().__init__(classes="dialog")
        self._snapshot, self._run_name = snapshot, name
        self._keep: Keep = "last" if snapshot.best is None else "best"
        self._file_to_replace: Path | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="heading")
            yield NumberField(default_file(self._run_name), "file")
            yield Static(id="error", classes="error")
            yield Static(Content("enter export   tab other weights   esc back"), classes="faint")

    def on_mount(self) -> None:
        self._describe()
        self._show_error("")
        self.query_one(Input).focus()

    def _describe(self) -> None:
        choices = [_weights(self._snapshot, keep, chosen=keep == self._keep) for keep in ("best", "last")]
        lines = [line for line in choices if line]
        heading = Content.styled("export the model as a Keras file", "bold")
        self.query_one("#heading", Static).update(Content("\n").join([heading, *map(Content, lines), Content("file:")]))

    def action_other_weights(self) -> None:
        if self._snapshot.best is not None:
            self._keep = "last" if self._keep == "best" else "best"
            self._describe()

    def on_input_changed(self, _event: Input.Changed) -> None:
        self._file_to_replace = None
        self._show_error("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        path = Path(os.path.abspath(Path(event.value.strip()).expanduser()))  # noqa: PTH100 - links are kept
        if error := _path_error(path):
            self._show_error(error)
        elif os.path.lexists(path) and self._file_to_replace != path:
            self._file_to_replace = path
            self._show_error(f"{path.name} exists. Press enter again to replace it.")
        else:
            self.dismiss(Export(path=str(path), keep=self._keep, replace=self._file_to_replace == path))

    def _show_error(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(form.clean(text)))
        line.display = bool(text)

    def action_back(self) -> None:
        self.dismiss(None)


def default_file(name: str) -> str:
    """Return the name of a model file for a run."""
    letters = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    return f"{letters.strip('-.') or 'model'}{SUFFIX}"


def _weights(snapshot: Snapshot, keep: Keep, *, chosen: bool) -> str:
    mark = "▸" if chosen else " "
    if keep == "last":
        return f"{mark} last weights, of epoch {snapshot.epochs_done}"
    best = snapshot.best
    if best is None:
        return ""
    return f"{mark} best weights, of epoch {best.epoch} ({best_loss(best)})"


def _path_error(path: Path) -> str:
    if path.suffix != SUFFIX or path.name == SUFFIX:
        return f"{path.name or 'The name'} does not end in {SUFFIX}. Enter a name such as model{SUFFIX}."
    if not path.parent.is_dir():
        return f"The folder {path.parent} does not exist. Create it first."
    return "" if not path.is_dir() else f"{path} is a folder. Enter the name of a file."
