"""The dialog that rewinds to an epoch: first choose the epoch, then the knobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fitmon.engine.commands import Rewind
from fitmon.engine.errors import UsageError
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.tui.drawing.epoch_list import EpochChoice
from fitmon.tui.screens.number_dialog import NumberField
from fitmon.tui.screens.rewind_changes import check_epochs, example, parse_changes
from fitmon.tui.widgets.epoch_list import EpochList

ROWS_AROUND_LIST = 5
"""Border, title, error, and keys."""

ROOMY_HEIGHT, ROOMY_WIDTH = 16, 64
"""On a smaller terminal optional lines are left out, so that the field and the keys are visible."""


class RewindDialog(ModalScreen[Rewind | None]):
    """Lists the epochs at the time it was opened; its result is the command."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"move({key!r})", "choose") for key in ("up", "down", "pageup", "pagedown", "home", "end")),
        ("u", "undo", "undo"),
        ("enter", "apply", "apply"),
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
        self._knob_step = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="heading")
            yield self._epochs
            yield NumberField(id="changes", compact=True, select_on_focus=False)
            yield Static(id="error", classes="error")
            yield Static(id="hint", classes="faint")

    def on_mount(self) -> None:
        self._describe()

    def on_resize(self, _event: Resize) -> None:
        self._set_height()

    def _set_height(self) -> None:
        room = self.app.size.height - ROWS_AROUND_LIST
        self._epochs.styles.height = max(1, min(len(self._epochs.lines) + 1, room))

    def _describe(self) -> None:
        """Update every line for the current step."""
        chosen = self._epochs.chosen
        knob_step = self._knob_step and chosen is not None
        head, *rest = self._change_lines(chosen) if knob_step and chosen else ["rewind to the end of an epoch"]
        self.query_one("#heading", Static).update(
            Content.assemble((form.clean(head), "bold"), *(f"\n{form.clean(line)}" for line in rest))
        )
        self._epochs.display = not knob_step
        field = self.query_one(Input)
        # A field that is only hidden would still receive the keys of the list.
        field.display, field.disabled = knob_step, not knob_step
        if knob_step:
            field.focus()
        self._show_error("" if chosen else "No epoch of this run has a checkpoint yet.")
        self.query_one("#hint", Static).update(Content(self._keys_hint()))
        self._set_height()

    def _change_lines(self, chosen: EpochChoice) -> list[str]:
        place = f"the end of epoch {chosen.epoch}" if chosen.epoch else "the model before training"
        of_branch = f" of branch {chosen.branch.number}" if self._snapshot.other_branches else ""
        then = chosen.branch.knobs_at(chosen.epoch)
        knobs = [
            f"{form.knob_label(name)} {form.knob_value(value)}" for name, value in then.items() if value is not None
        ]
        head, offered = f"rewind to {place}{of_branch}", self._newest().knobs
        if self.app.size.height < ROOMY_HEIGHT:
            return [head, f"change, e.g. {example(offered, 1)}"]
        return [head, f"its knobs: {' · '.join(knobs)}", f"change, e.g. {example(offered)}; or just press enter"]

    def _keys_hint(self) -> str:
        if self._epochs.chosen is None:
            return "esc back"
        roomy = self.app.size.width >= ROOMY_WIDTH
        if self._knob_step:
            return "enter rewind and train   esc epochs" if roomy else "enter rewind   esc epochs"
        moves, undo = ("   ↑ ↓ page home end", " last knob change") if roomy else ("", "")
        return f"enter select{moves}   u undo{undo}   esc back"

    def _show_error(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(form.clean(text)))
        line.display = bool(text)

    def on_input_changed(self, _event: Input.Changed) -> None:
        self._show_error("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._submit(event.value)

    def _submit(self, text: str) -> None:
        chosen = self._epochs.chosen
        if chosen is None:
            return
        try:
            changes = parse_changes(text, self._newest().knobs)
            check_epochs(changes, chosen.epoch, chosen.branch.knobs_at(chosen.epoch))
        except UsageError as error:
            self._show_error(str(error))
            return
        self.dismiss(Rewind(epoch=chosen.epoch, branch=chosen.branch.number, changes=changes))

    def action_apply(self) -> None:
        if self._knob_step:
            # If keys arrive together, one may come before the field has the focus.
            self._submit(self.query_one(Input).value)
        elif self._epochs.chosen is not None:
            self._knob_step = True
            self._describe()

    def action_move(self, key: str) -> None:
        moves: dict[str, Callable[[], None]] = {
            "up": lambda: self._epochs.move(-1),
            "down": lambda: self._epochs.move(1),
            "pageup": lambda: self._epochs.page(-1),
            "pagedown": lambda: self._epochs.page(1),
            "home": lambda: self._epochs.move(-len(self._epochs.lines)),
            "end": lambda: self._epochs.move(len(self._epochs.lines)),
        }
        if not self._knob_step:
            self._show_error("")
            moves[key]()

    def action_undo(self) -> None:
        """Choose the epoch before the last knob change; if it is chosen already, that before the previous change."""
        chosen = self._epochs.chosen
        if self._knob_step or chosen is None:
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
        if not self._knob_step:
            self.dismiss(None)
            return
        self._knob_step = False
        self._describe()
