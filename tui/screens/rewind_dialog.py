"""The dialog that goes back to an epoch: first which one, then with which knobs."""

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
from fitmon.tui.screens.number_dialog import NumberField
from fitmon.tui.screens.rewind_changes import check_epochs, example, parse_changes
from fitmon.tui.widgets.epoch_list import EpochChoice, EpochList

ROWS_AROUND_LIST = 5
"""Frame, title, what is wrong, and the keys."""

ROOMY_HEIGHT, ROOMY_WIDTH = 16, 64
"""On a smaller terminal what can be done without is left out, so that field and keys are seen."""


class RewindDialog(ModalScreen[Rewind | None]):
    """Lists the epochs as they were when it was opened; its answer is the way back."""

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
        seen: Callable[[], Snapshot],
    ) -> None:
        """List the epochs of a snapshot.

        Args:
            snapshot: of a run that has started.
            kept: by branch, the epochs with a checkpoint; None: all have one.
            seen: returns the newest snapshot, by which the knobs are judged.
        """
        super().__init__(classes="dialog wide")
        self._snapshot = snapshot
        self._seen = seen
        self._epochs = EpochList("epochs", snapshot, kept)
        self._asks_changes = False

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="wanted")
            yield self._epochs
            yield NumberField(id="changes", compact=True, select_on_focus=False)
            yield Static(id="wrong", classes="wrong")
            yield Static(id="hint", classes="faint")

    def on_mount(self) -> None:
        self._describe()

    def on_resize(self, _event: Resize) -> None:
        self._set_height()

    def _set_height(self) -> None:
        room = self.app.size.height - ROWS_AROUND_LIST
        self._epochs.styles.height = max(1, min(len(self._epochs.lines) + 1, room))

    def _describe(self) -> None:
        """Write every line for the step that is due."""
        chosen = self._epochs.chosen
        asks = self._asks_changes and chosen is not None
        head, *rest = self._change_lines(chosen) if asks and chosen else ["go back to the end of an epoch"]
        self.query_one("#wanted", Static).update(
            Content.assemble((form.clean(head), "bold"), *(f"\n{form.clean(line)}" for line in rest))
        )
        self._epochs.display = not asks
        field = self.query_one(Input)
        # A field that is only out of sight would still take the keys of the list.
        field.display, field.disabled = asks, not asks
        if asks:
            field.focus()
        self._say_wrong("" if chosen else "No epoch of this run has a checkpoint yet.")
        self.query_one("#hint", Static).update(Content(self._keys_hint()))
        self._set_height()

    def _change_lines(self, chosen: EpochChoice) -> list[str]:
        place = f"the end of epoch {chosen.epoch}" if chosen.epoch else "the model before training"
        of_branch = f" of branch {chosen.branch.number}" if self._snapshot.other_branches else ""
        then = chosen.branch.knobs_at(chosen.epoch)
        knobs = [
            f"{form.knob_label(name)} {form.knob_value(value)}" for name, value in then.items() if value is not None
        ]
        head, offered = f"go back to {place}{of_branch}", self._seen().knobs
        if self.app.size.height < ROOMY_HEIGHT:
            return [head, f"changes, as {example(offered, 1)}"]
        return [head, f"knobs then: {' · '.join(knobs)}", f"changes, such as {example(offered)}; none: just enter"]

    def _keys_hint(self) -> str:
        if self._epochs.chosen is None:
            return "esc back"
        roomy = self.app.size.width >= ROOMY_WIDTH
        if self._asks_changes:
            return "enter go back and train on   esc the epochs" if roomy else "enter go back   esc the epochs"
        moves, undo = ("   ↑ ↓ page home end", " last knob") if roomy else ("", "")
        return f"enter choose{moves}   u undo{undo}   esc back"

    def _say_wrong(self, text: str) -> None:
        line = self.query_one("#wrong", Static)
        line.update(Content(form.clean(text)))
        line.display = bool(text)

    def on_input_changed(self, _event: Input.Changed) -> None:
        self._say_wrong("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._go_back(event.value)

    def _go_back(self, text: str) -> None:
        chosen = self._epochs.chosen
        if chosen is None:
            return
        try:
            changes = parse_changes(text, self._seen().knobs)
            check_epochs(changes, chosen.epoch, chosen.branch.knobs_at(chosen.epoch))
        except UsageError as error:
            self._say_wrong(str(error))
            return
        self.dismiss(Rewind(epoch=chosen.epoch, branch=chosen.branch.number, changes=changes))

    def action_apply(self) -> None:
        if self._asks_changes:
            # Of keys that arrive together, one may come before the field has the focus.
            self._go_back(self.query_one(Input).value)
        elif self._epochs.chosen is not None:
            self._asks_changes = True
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
        if not self._asks_changes:
            self._say_wrong("")
            moves[key]()

    def action_undo(self) -> None:
        """Choose the epoch before the last knob took effect; before the one before that, where it is chosen already."""
        chosen = self._epochs.chosen
        if self._asks_changes or chosen is None:
            return
        befores = sorted({receipt.epoch - 1 for receipt in self._snapshot.receipts}, reverse=True)
        if not befores:
            self._say_wrong("No knob has changed so far.")
            return
        earlier = [epoch for epoch in befores if epoch < chosen.epoch]
        wanted = earlier[0] if chosen.led_here and chosen.epoch in befores and earlier else befores[0]
        found = self._epochs.choose_epoch(wanted)
        self._say_wrong("" if found else f"Epoch {wanted}, before the last knob took effect, has no checkpoint.")

    def action_back(self) -> None:
        if not self._asks_changes:
            self.dismiss(None)
            return
        self._asks_changes = False
        self._describe()
