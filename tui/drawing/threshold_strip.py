"""Draws the arrows below the histogram: which way the samples of each column moved since the previous epoch."""

from itertools import groupby

import numpy as np
import numpy.typing as npt

from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row

STEPS = (0.001, 0.01, 0.1)
"""The mean change from which each arrow is drawn. Powers of ten: the first epochs move samples a hundred times as far
as the last ones, and both must be visible."""
TOWARDS_RIGHT, TOWARDS_WRONG = "›»→", "‹«←"
STILL = "·"


def strip(
    change: npt.NDArray[np.float64], column: npt.NDArray[np.int64], columns: int, *, towards_right: bool = True
) -> list[tuple[str, Role]]:
    """Return an arrow for each of `columns` bins of the histogram: the mean move of the samples that were there.

    Args:
        change: (n,) how far each sample moved to the right in the picture; NaN: it is excluded.
        column: (n,) the bin in which it was.
        columns: of the histogram; blank where no sample was.
        towards_right: whether the true class is at the right end.
    """
    known = np.isfinite(change)
    samples = np.bincount(column[known], minlength=columns)
    total = np.bincount(column[known], weights=change[known], minlength=columns)
    means = np.divide(total, samples, out=np.zeros(columns), where=samples > 0)
    signs = [arrow(mean) if there else " " for mean, there in zip(means.tolist(), samples.tolist(), strict=True)]
    good, bad = (TOWARDS_RIGHT, TOWARDS_WRONG) if towards_right else (TOWARDS_WRONG, TOWARDS_RIGHT)
    roles = {**dict.fromkeys(good, Role.GOOD), **dict.fromkeys(bad, Role.BAD)}
    return [("".join(run), role) for role, run in groupby(signs, key=lambda sign: roles.get(sign, Role.FAINT))]


def arrow(mean_change: float) -> str:
    """Return the sign for a mean change of a probability or of the margin."""
    size = sum(abs(mean_change) >= step for step in STEPS)
    if not size:
        return STILL
    return (TOWARDS_RIGHT if mean_change > 0 else TOWARDS_WRONG)[size - 1]


def strip_legend(epoch: int, width: int) -> Row:
    """Return the legend of the arrows."""
    since = "the start" if epoch == 1 else "last epoch"
    steps = " ".join(f"{sign} {step:g}" for sign, step in zip(TOWARDS_RIGHT, STEPS, strict=True))
    fields = [
        (5, row((f"mean move since {since}", Role.FAINT))),
        (9, row((f"{steps} {STILL} less", Role.FAINT))),
    ]
    return row(" ", *fitting(fields, "  ", width - 1))
