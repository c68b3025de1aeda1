"""Draws the arrows below the histogram: which way the samples of each column moved since the previous epoch."""

from itertools import groupby

import numpy as np

from fitmon.engine.insight.scores import SampleScores
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row
from fitmon.tui.drawing.threshold_histogram import column_of_each, positions

STEPS = (0.001, 0.01, 0.1)
"""The mean change from which each arrow is drawn. Powers of ten: the first epochs move samples a hundred times as far
as the last ones, and both must be visible."""
TOWARDS_RIGHT, TOWARDS_WRONG = "›»→", "‹«←"
STILL = "·"


def strip(now: SampleScores, before: SampleScores, columns: int) -> Row:
    """Return an arrow for each of `columns` bins of the histogram: the mean move of the samples that were there.

    Blank if there were none; samples that are NaN in either epoch are excluded. Both are scores of the same samples.
    """
    change = positions(now).astype(np.float64) - positions(before)
    known = np.isfinite(change)
    column = column_of_each(before, columns)[known]
    samples = np.bincount(column, minlength=columns)
    total = np.bincount(column, weights=change[known], minlength=columns)
    means = np.divide(total, samples, out=np.zeros(columns), where=samples > 0)
    signs = [arrow(mean) if there else " " for mean, there in zip(means.tolist(), samples.tolist(), strict=True)]
    return row(" ", *(("".join(run), role) for role, run in groupby(signs, key=_role)))


def arrow(mean_change: float) -> str:
    """Return the sign for a mean change of p(true) or of the margin; to the right means towards the true class."""
    size = sum(abs(mean_change) >= step for step in STEPS)
    if not size:
        return STILL
    return (TOWARDS_RIGHT if mean_change > 0 else TOWARDS_WRONG)[size - 1]


def _role(sign: str) -> Role:
    if sign in TOWARDS_RIGHT:
        return Role.GOOD
    return Role.BAD if sign in TOWARDS_WRONG else Role.FAINT


def strip_legend(epoch: int, width: int) -> Row:
    """Return the legend of the arrows."""
    since = "the start" if epoch == 1 else "last epoch"
    steps = " ".join(f"{sign} {step:g}" for sign, step in zip(TOWARDS_RIGHT, STEPS, strict=True))
    fields = [
        (5, row((f"mean move since {since}", Role.FAINT))),
        (9, row((f"{steps} {STILL} less", Role.FAINT))),
    ]
    return row(" ", *fitting(fields, "  ", width - 1))
