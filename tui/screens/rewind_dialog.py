"""The dialog that rewinds to an epoch: first choose the epoch, then the knobs, in a form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from fitmon.engine.commands import Rewind
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.tui.drawing.epoch_list import EpochChoice
from fitmon.tui.knob_fields import fields_at
from fitmon.tui.screens.knob_form import KnobForm
from fitmon.tui.typed_changes import check_epochs
from fitmon.tui.widgets.epoch_list import EpochList

ROWS_AROUND_LIST = 5
"""Border, title, error, and keys."""

ROOMY_WIDTH = 64
"""On a narrower terminal the hints are shorter."""


class RewindDialog(ModalScreen[Rewind | None]):
    """Lists the epochs at the time it was opened; its result is the command."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"move({key!r})", "choose") for key in ("up", "down", "pageup", "pagedown", "home", "end")),
        ("u", "undo", "undo"),
        ("enter", "ask_knobs", "choose the knobs"),
        ("escape", "back", "back"),
    ]

    def __init__(
        self,
        snapshot: Snapshot,
        kept: Mapping[int, Collection[int]] | None,
        newest: Callable[[], Snapshot],
    ) -> None:
        """List the epochs of a snapshot.

        Args:
            snapshot: of a run that has started.
            kept: the epochs with a checkpoint, by branch; None: unknown, so any may have one.
            newest: returns the newest snapshot, by which the changes are checked.
        """
        super().__init__(classes="dialog wide")
        self._snapshot = snapshot
        self._newest = newest
        self._epochs = EpochList("epochs", snapshot, kept)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled("rewind to the end of an epoch", "bold"))
            yield self._epochs
            yield Static(id="error", classes="error")
            yield Static(id="hint", classes="faint")

    def on_mount(self) -> None:
        self._show_error("" if self._epochs.chosen else "No epoch of this run has a checkpoint yet.")
        self._fit()

    def on_resize(self, _event: Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        room = self.app.size.height - ROWS_AROUND_LIST
        self._epochs.styles.height = max(1, min(len(self._epochs.lines) + 1, room))
        self.query_one("#hint", Static).update(Content(self._keys_hint()))

    def _keys_hint(self) -> str:
        if self._epochs.chosen is None:
            return "esc back"
        moves, undo = ("   ↑ ↓ page home end", " last knob change") if self.app.size.width >= ROOMY_WIDTH else ("", "")
        return f"enter select{moves}   u undo{undo}   esc back"

    def _show_error(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(form.clean(text)))
        line.display = bool(text)

    def action_ask_knobs(self) -> None:
        chosen = self._epochs.chosen
        if chosen is None:
            return
        place = f"the end of epoch {chosen.epoch}" if chosen.epoch else "the model before training"
        of_branch = f" of branch {chosen.branch.number}" if self._snapshot.other_branches else ""
        then = chosen.branch.knobs_at(chosen.epoch)
        fields = fields_at(then, self._newest().knobs)
        if not fields:
            self._rewind(chosen, {})
            return
        epochs = then.get(EPOCHS.name)
        needs_epochs = isinstance(epochs, int | float) and epochs <= chosen.epoch
        dialog = KnobForm(
            f"rewind to {place}{of_branch}, with these knobs",
            fields,
            self._newest,
            lambda changes: check_epochs(changes, chosen.epoch, then),
            first=EPOCHS.name if needs_epochs else "",
            apply="enter rewind and train" if self.app.size.width >= ROOMY_WIDTH else "enter rewind",
        )
        # Behind the form, the list would only confuse.
        self.query_one(Vertical).visible = False
        self.app.push_screen(dialog, lambda changes: self._rewind(chosen, changes))

    def _rewind(self, chosen: EpochChoice, changes: dict[str, float] | None) -> None:
        """Take the answer of the form; None: it was left, so that another epoch can be chosen."""
        self.query_one(Vertical).visible = True
        if changes is not None:
            self.dismiss(Rewind(epoch=chosen.epoch, branch=chosen.branch.number, changes=changes))

    def action_move(self, key: str) -> None:
        moves: dict[str, Callable[[], None]] = {
            "up": lambda: self._epochs.move(-1),
            "down": lambda: self._epochs.move(1),
            "pageup": lambda: self._epochs.page(-1),
            "pagedown": lambda: self._epochs.page(1),
            "home": lambda: self._epochs.move(-len(self._epochs.lines)),
            "end": lambda: self._epochs.move(len(self._epochs.lines)),
        }
        self._show_error("")
        moves[key]()

    def action_undo(self) -> None:
        """Choose the epoch before the last knob change; if it is chosen already, that before the previous change."""
        chosen = self._epochs.chosen
        if chosen is None:
            return
        candidates = sorted({receipt.epoch - 1 for receipt in self._snapshot.receipts}, reverse=True)
        if not candidates:
            self._show_error("No knob has been changed yet.")
            return
        earlier = [epoch for epoch in candidates if epoch < chosen.epoch]
        wanted = earlier[0] if chosen.in_current_history and chosen.epoch in candidates and earlier else candidates[0]
        found = self._epochs.choose_epoch(wanted)
        self._show_error("" if found else f"Epoch {wanted}, before the last knob change, has no checkpoint.")

    def action_back(self) -> None:
        self.dismiss(None)
