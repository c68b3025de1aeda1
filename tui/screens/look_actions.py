"""The actions that concern the screen itself: its theme, the command palette, the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.text.format import clean

if TYPE_CHECKING:
    from fitmon.tui.drawing.command_list import PaletteCommand
    from fitmon.tui.layout import View
    from fitmon.tui.screens.host import Host


class LookActions:
    """Actions that the monitor screen inherits."""

    view: View

    @property
    def monitor(self) -> Host:
        """The application this screen belongs to."""
        raise NotImplementedError

    def _choose_view(self, view: View) -> None:
        raise NotImplementedError

    def action_next_theme(self) -> None:
        """Draw in the next theme."""
        self.monitor.say(self.monitor.theme_choice.next())

    def action_copy_command(self) -> None:
        """Put the command line of a suggested fix on the clipboard."""
        findings = self.monitor.monitored_run.snapshot().findings
        commands = [remedy.command_line for finding in findings for remedy in finding.remedies if remedy.command_line]
        if commands:
            command = clean(commands[0])
            self.monitor.copy_to_clipboard(command)
            self.monitor.say(f"sent to the clipboard of the terminal: {command}")
        else:
            self.monitor.say("no finding suggests a command line")

    def action_show_commands(self, _key: str) -> None:
        """Open the command palette."""
        # Loaded on demand: the first frame must not wait for it.
        from fitmon.tui.screens.command_palette import CommandPalette

        self.monitor.push_screen(CommandPalette(self.view), self._run_command)

    def _run_command(self, command: PaletteCommand | None) -> None:
        if command is None:
            return
        if command.theme:
            self.monitor.say(self.monitor.theme_choice.choose(command.theme))
        if command.view is not None and command.view is not self.view:
            self._choose_view(command.view)
        if command.key:
            self.monitor.simulate_key(command.key)
