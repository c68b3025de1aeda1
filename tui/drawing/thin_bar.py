"""A bar of half a cell's height or less, so that bars below one another stay apart."""

WHOLE, HALF = "━", "╸"


def thin_bar(part: float, width: int) -> str:
    """Return a bar of `width` cells, filled to a fraction in [0, 1] in steps of half a cell."""
    halves = round(min(max(part, 0.0), 1.0) * width * 2)
    return (WHOLE * (halves // 2) + HALF * (halves % 2)).ljust(width)
