"""Which colours the screen uses, by what they mean. Nothing is said by colour alone.

The sixteen colours of the terminal itself are used: they fit its background, their codes are the shortest, and every
terminal has them.
"""

from rich.style import Style

from fitmon.text.roles import Role

STYLES: dict[Role, Style] = {
    Role.PLAIN: Style.null(),
    # Not bright black: some palettes give that the colour of the background.
    Role.FAINT: Style(dim=True),
    Role.STRONG: Style(bold=True),
    Role.TRAINING: Style(color="cyan"),
    Role.VALIDATION: Style(color="yellow"),
    Role.MARK: Style(color="magenta", bold=True),
    Role.GOOD: Style(color="green"),
    Role.BAD: Style(color="red"),
    Role.ALERT: Style(reverse=True, bold=True),
}
"""How each role looks."""
