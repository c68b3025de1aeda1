"""How the charts are looked at: cursor, zoom, horizontal axis, smoothing and the curves chosen. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

SMOOTHINGS = (0.0, 0.6, 0.9)
"""Weights of the past in an exponential moving mean; 0: no smoothing."""

FEWEST_EPOCHS = 2
"""The closest zoom."""


@dataclass(frozen=True, slots=True)
class ChartView:
    """What the user has chosen for the charts; it changes nothing of the training."""

    cursor: int | None = None
    """The epoch whose values are read; None: no cursor."""
    window: int | None = None
    """How many epochs are shown; None: all."""
    end: int | None = None
    """The last epoch shown, where not all are; None: the newest, which moves on."""
    by_time: bool = False
    """Whether the horizontal axis has the time trained, not epochs."""
    smoothing: float = 0.0
    """One of `SMOOTHINGS`."""
    loss: str = ""
    """The quantity in the chart of the loss, by its key; empty: the one that is shown by itself."""
    metric: str = ""
    """The same for the other chart."""

    def moved(self, key: str, newest: int, own: int) -> ChartView:
        """Return the view after a key that moves the cursor.

        Args:
            key: `left`, `right`, `home` or `end`; from the newest epoch, `right` leaves the cursor.
            newest: the last epoch with values, of any branch, at least 1.
            own: the same of the current branch, where the cursor appears; 0: it has none.
        """
        now = self.cursor
        if now is None:
            return self if key == "right" else self._at({"home": 1, "end": newest}.get(key, own or newest), newest)
        if key == "right" and now >= newest:
            return self.without_cursor()
        return self._at({"left": max(1, now - 1), "right": now + 1, "home": 1, "end": newest}[key], newest)

    def _at(self, epoch: int, newest: int) -> ChartView:
        epoch = min(epoch, newest)
        first, last = self.shown(newest)
        if first < epoch <= last or self.window is None:
            return replace(self, cursor=epoch)
        end = epoch if epoch > last else epoch - 1 + self.window
        return replace(self, cursor=epoch, end=_end(end, newest, self.window))

    def without_cursor(self) -> ChartView:
        """Return the view without a cursor; the epochs shown follow the newest again."""
        return replace(self, cursor=None, end=None)

    def zoomed(self, key: str, newest: int) -> ChartView:
        """Return the view after a zoom key: `plus` halves the epochs shown, `minus` doubles them, `0` shows all."""
        shown = self.window or newest
        window = {"plus": max(FEWEST_EPOCHS, -(-shown // 2)), "minus": 2 * shown, "0": newest}[key]
        if window >= newest:
            return replace(self, window=None, end=None)
        end = newest if self.cursor is None else self.cursor + window // 2
        return replace(self, window=window, end=_end(end, newest, window))

    def shown(self, newest: int) -> tuple[int, int]:
        """Return where the horizontal axis begins and ends, in epochs: the first epoch trained lies from 0 to 1."""
        last = newest if self.window is None or self.end is None else min(self.end, newest)
        return 0 if self.window is None else max(0, last - self.window), last

    def next_smoothing(self) -> ChartView:
        """Return the view with the next degree of smoothing."""
        return replace(self, smoothing=SMOOTHINGS[(SMOOTHINGS.index(self.smoothing) + 1) % len(SMOOTHINGS)])


def _end(epoch: int, newest: int, window: int) -> int | None:
    """Return the last epoch of a window that lies within the epochs there are; None: the newest, which moves on."""
    return None if epoch >= newest else max(epoch, window)
