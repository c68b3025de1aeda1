"""The colors of the screen, by role. No information is conveyed by color alone.

Only the sixteen colors of the terminal are used: they match its background, their codes are the shortest, and every
terminal has them.
"""

from rich.style import Style

from fitmon.text.roles import Role

STYLES: dict[Role, Style] = {
    Role.PLAIN: Style.null(),
    # Not bright black: in some palettes it equals the background.
    Role.FAINT: Style(dim=True),
    Role.STRONG: Style(bold=True),
    Role.TRAINING: Style(color="cyan"),
    Role.VALIDATION: Style(color="yellow"),
    Role.MARK: Style(color="magenta", bold=True),
    Role.GOOD: Style(color="green"),
    Role.BAD: Style(color="red"),
    Role.ALERT: Style(reverse=True, bold=True),
}
"""The style of each role."""
