"""Iris: the loss falls while the accuracy stays flat.

150 flowers, four measurements, three species (R. A. Fisher 1936; UCI Machine Learning Repository,
https://doi.org/10.24432/C56C76, CC BY 4.0; the copy inside scikit-learn), standardized with the training set's mean
and deviation. Dense 8 relu → Dense 3 softmax, Adam 0.0005, categorical cross-entropy, 200 epochs, batch 5, a fifth for
validation. The file is sorted by species, so the split is stratified and seeded; `last` validates with the last fifth
of the file, as the tutorial's `validation_split` does: with virginica only. A Dropout layer with rate
0 changes nothing until its rate is raised.
"""

from functools import partial

from fitmon.engine.job import ReportProgress, Settings, TrainingData
from fitmon.presets.layers import build_classifier
from fitmon.presets.preset import Preset
from fitmon.presets.tables import Split, split_table


def _load(settings: Settings, report_progress: ReportProgress, split: Split = "stratified") -> TrainingData:
    report_progress("reading iris")
    from sklearn.datasets import load_iris

    return split_table(load_iris(), seed=settings.seed, split=split)


DEFAULTS = Settings(epochs=200, batch_size=5, learning_rate=5e-4, units=(8,), dropout=0.0)
PRESET = Preset(
    name="iris",
    settings=DEFAULTS,
    datasets={"iris": _load},
    splits={"last": partial(_load, split="last")},
    build=build_classifier,
)
