"""The actions that change the run: pause, stop, hyperparameters, rewind, suggestions, export, quit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.engine.commands import Command, Export, Pause, PauseAt, Resume, Rewind, SetKnob, Stop
from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.sentences import knob_name
from fitmon.tui.knob_fields import check_next_epoch, present_fields
from fitmon.tui.screens.view_actions import ViewActions

if TYPE_CHECKING:
    from fitmon.text.remedies import RemedyChoice
    from fitmon.tui.kept_epochs import KeptEpochs
    from fitmon.tui.options import RewindOptions
    from fitmon.tui.screens.quit_dialog import QuitChoice


class RunActions(ViewActions):
    """Actions that the monitor screen inherits."""

    _rewind_options: RewindOptions
    _kept_epochs: KeptEpochs

    def action_pause_or_resume(self) -> None:
        snapshot = self._newest()
        if snapshot.paused is not None or snapshot.pause_requested == PauseAt.CHUNK:
            self._send(Resume(), "resuming …")
        elif snapshot.pause_requested == PauseAt.EPOCH:
            self._send(Pause(at=PauseAt.CHUNK), "pausing now …")
        else:
            self._send(Pause(at=PauseAt.EPOCH), "pausing after this epoch …")

    def _send(self, command: Command, notice: str) -> None:
        self.monitor.ask(command, notice)

    def action_ask_learning_rate(self) -> None:
        self._open_knob_form("learning_rate_factor", "learning_rate")

    def action_ask_dropout(self) -> None:
        self._open_knob_form("dropout")

    def action_ask_regularisation(self) -> None:
        self._open_knob_form("l2", "l1")

    def action_ask_batch_size(self) -> None:
        self._open_knob_form("batch_size")

    def action_ask_epochs(self) -> None:
        self._open_knob_form("epochs")

    def _open_knob_form(self, *wanted: str) -> None:
        """Open the form of all knobs, at the first of the wanted ones that the run has."""
        from fitmon.tui.screens.knob_form import KnobForm

        fields = present_fields(self._newest().knobs)
        names = {field.name for field in fields}
        all_knobs = KnobForm(
            "change from the next epoch on",
            fields,
            self._newest,
            lambda changes: check_next_epoch(changes, self._newest()),
            first=next(name for name in wanted if name in names),
        )
        self.monitor.push_screen(all_knobs, self._set_knobs)

    def _set_knobs(self, changes: dict[str, float] | None) -> None:
        if changes is None:
            return
        if not changes:
            self.monitor.say("nothing changed")
            return
        named = ", ".join(f"{knob_name(name)} to {form.setting(value)}" for name, value in changes.items())
        # More epochs first: without them the run may have no next epoch for the other changes.
        for name in sorted(changes, key=lambda name: name != EPOCHS.name):
            self._send(SetKnob(knob=name, value=changes[name]), f"changing {named} …")

    def action_ask_rewind(self) -> None:
        from fitmon.tui.screens.rewind_dialog import RewindDialog

        dialog = RewindDialog(self._newest(), self._kept_epochs.now(), self._newest)
        self.monitor.push_screen(dialog, self._rewind)

    def _rewind(self, command: Rewind | None) -> None:
        if command is not None:
            place = f"the end of epoch {command.epoch}" if command.epoch else "the model before training"
            self._send(command, f"rewinding to {place} …")

    def action_ask_remedy(self) -> None:
        from fitmon.text.remedies import RewindChoices, choices_of
        from fitmon.tui.screens.remedies_dialog import RemediesDialog

        rewind_choices = RewindChoices(kept=self._kept_epochs.now(), refusal=self._rewind_options.why_not())
        choices = choices_of(self._newest(), rewind_choices)
        if self.monitor.read_only:
            choices = tuple(_read_only(choice) for choice in choices)
        self.monitor.push_screen(RemediesDialog(choices), self._apply_remedy)

    def _apply_remedy(self, choice: RemedyChoice | None) -> None:
        if choice is None:
            return
        if choice.remedy.stop:
            advice = words.advice(choice.remedy)
            self._confirm(
                f"{advice[:1].upper()}{advice[1:]}?",
                "stop",
                lambda confirmed: self._send_commands(choice) if confirmed else None,
            )
        else:
            self._send_commands(choice)

    def _send_commands(self, choice: RemedyChoice) -> None:
        """Send the commands of a remedy to the run."""
        from fitmon.text.remedies import commands_of, threshold_of

        self.show_threshold(threshold_of(choice.remedy))
        for command in commands_of(choice.finding, choice.remedy):
            self._send(command, f"applying: {words.advice(choice.remedy)} …")

    def action_ask_export(self) -> None:
        from fitmon.tui.screens.export_dialog import ExportDialog

        snapshot = self._newest()
        name = snapshot.started.run if snapshot.started else self.monitor.run_name
        self.monitor.push_screen(ExportDialog(snapshot, name), self._export)

    def _export(self, command: Export | None) -> None:
        if command is not None:
            self._send(command, f"writing {form.clean(Path(command.path).name)} …")

    def action_ask_stop(self) -> None:
        self._confirm("Stop training? Results stay on screen.", "stop", self._stop)

    def _stop(self, confirmed: bool | None) -> None:
        if confirmed:
            self._send(Stop(), "stopping …")

    def action_ask_quit(self) -> None:
        if self.monitor.viewer or self._newest().over:
            self.monitor.quit_app()
        else:
            from fitmon.tui.screens.quit_dialog import QuitDialog

            self.monitor.push_screen(QuitDialog(self.monitor.detach_options.why_not), self._quit)

    def _quit(self, choice: QuitChoice | None) -> None:
        if choice == "detach":
            self.monitor.detach_app()
        elif choice == "stop":
            self.monitor.quit_app()

    def _confirm(self, question: str, verb: str, answered: Callable[[bool | None], None]) -> None:
        from fitmon.tui.screens.confirm import ConfirmDialog

        self.monitor.push_screen(ConfirmDialog(question, verb), answered)


def _read_only(choice: RemedyChoice) -> RemedyChoice:
    return replace(choice, number=None, refusal=choice.refusal or ("read-only view" if choice.number else ""))
