"""The accuracy at the view's threshold in context: the baseline, and what chance alone may explain."""

from fitmon.engine.insight.baseline import Baseline
from fitmon.engine.insight.interval import wilson_interval
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.drawing.threshold_measures import Measure, measure_rows


def context_rows(baseline: Baseline, right: int, majority_name: str, width: int) -> list[Row]:
    """Return baseline and noise band in `width` cells, and what follows from them.

    Args:
        baseline: of the same samples; what it says of a threshold is not used.
        right: samples answered correctly at the view's threshold.
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
    always = (f"always answering {majority_name}", f"always {majority_name}")
    noise = (f"to {high}: the noise of {samples}", f"to {high}, {samples}", f"to {high}")
    measures = [Measure("baseline", form.measured(baseline.majority_share), always), Measure("95 % band", low, noise)]
    return [*measure_rows(measures, width), *_verdict(band, baseline.majority_share)]


def _verdict(band: tuple[float, float], majority_share: float) -> list[Row]:
    low, high = band
    if high < majority_share:
        return [row((" worse than the baseline", Role.BAD))]
    return [row((" within the noise of the baseline", Role.MARK))] if low <= majority_share else []
