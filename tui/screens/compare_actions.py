"""The action that compares the present run with others. It does not affect training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.runs.runs import Runs
    from fitmon.tui.screens.host import Host

NOT_SAVED = "this run is not saved to disk; `fitmon compare` compares those that are"


class CompareActions:
    """Actions that the monitor screen inherits."""

    @property
    def monitor(self) -> "Host":
        """The application this screen belongs to."""
        raise NotImplementedError

    def action_ask_compare(self) -> None:
        folder = self.monitor.run_folder
        if folder is None:
            self.monitor.say(NOT_SAVED)
            return
        from fitmon.engine.runs.runs import Runs
        from fitmon.tui.screens.run_picker import RunPicker

        runs = Runs(folder.path.parent)

        def compare(chosen: Sequence["RunFolder"] | None) -> None:
            if chosen:
                self._compare([folder, *chosen], runs)

        self.monitor.push_screen(RunPicker(runs, [folder]), compare)

    def _compare(self, folders: Sequence["RunFolder"], runs: "Runs") -> None:
        from fitmon.tui.screens.compare import CompareScreen

        self.monitor.push_screen(CompareScreen(folders, runs), lambda _: None)
