"""Draws the accuracy at the threshold of the view in context: the baseline and the confidence interval."""

from fitmon.engine.insight.baseline import Baseline
from fitmon.engine.insight.interval import wilson_interval
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.drawing.threshold_measures import Measure, measure_rows


def context_rows(baseline: Baseline, right: int, majority_name: str, width: int) -> list[Row]:
    """Return baseline and confidence interval in `width` cells, and the conclusion.

    Args:
        baseline: of the same samples; its values at a threshold are not used.
        right: samples predicted correctly at the threshold of the view.
        majority_name: of the most frequent class, free of control characters.
        width: in cells.
    """
    band = wilson_interval(right, baseline.samples)
    if band is None or baseline.majority_share is None:
        return []
    if baseline.classes_present == 1:
        said = f"all samples are of class {majority_name}: accuracy says little"
        return [row((f" {line}", Role.MARK)) for line in form.wrap(said, width - 1, indent="")]
    low, high = (form.measured(end) for end in band)
    samples = f"{form.count(baseline.samples)} sample{'' if baseline.samples == 1 else 's'}"
    always = (f"always predicting {majority_name}", f"always {majority_name}")
    noise = (f"to {high}: noise of {samples}", f"to {high}, {samples}", f"to {high}")
    measures = [Measure("baseline", form.measured(baseline.majority_share), always), Measure("95% band", low, noise)]
    return [*measure_rows(measures, width), *_verdict(band, baseline.majority_share)]


def _verdict(band: tuple[float, float], majority_share: float) -> list[Row]:
    low, high = band
    if high < majority_share:
        return [row((" worse than the baseline", Role.BAD))]
    return [row((" within the noise of the baseline", Role.MARK))] if low <= majority_share else []
