"""Binary: the loss stays at 0.68.

Dense(relu) layers, then Dropout 0.3, then Dense 1 sigmoid, on a table with a weak signal: a uniform guess has the
loss ln 2 = 0.693. The table is generated with scikit-learn's `make_classification`, 20,000 rows of 30 features.
`breast_cancer` is real data, 569 × 30 (Wolberg, Mangasarian, Street, Street 1993; UCI Machine Learning Repository,
https://doi.org/10.24432/C5DW2B, CC BY 4.0; the copy inside scikit-learn). Both are split with a seed, stratified, and
standardized.
"""

from __future__ import annotations

from functools import partial

from fitmon.engine.job import ReportProgress, Settings, TrainingData
from fitmon.presets.layers import build_classifier, has_dropout
from fitmon.presets.preset import Preset
from fitmon.presets.tables import split_table

TABLE_SEED = 680
"""The table does not depend on the run's seed, so that runs with different seeds can be compared."""
RANDOM_LABELS = 0.75
"""Fraction of rows with a random label: the best possible accuracy is 1 - 0.75 / 2 = 0.625.

With the defaults below the validation loss levels off near 0.683 around epoch 15, the validation accuracy near 0.57."""


def _load_weak_signal(settings: Settings, report_progress: ReportProgress) -> TrainingData:
    report_progress("generating the table")
    from sklearn.datasets import make_classification
    from sklearn.utils import Bunch

    data, target = make_classification(
        n_samples=20_000,
        n_features=30,
        n_informative=10,
        n_redundant=5,
        n_clusters_per_class=3,
        class_sep=1.1,
        flip_y=RANDOM_LABELS,
        random_state=TABLE_SEED,
    )
    return split_table(Bunch(data=data, target=target, target_names=("0", "1")), seed=settings.seed)


def _load_breast_cancer(settings: Settings, report_progress: ReportProgress) -> TrainingData:
    report_progress("reading breast_cancer")
    from sklearn.datasets import load_breast_cancer

    return split_table(load_breast_cancer(), seed=settings.seed)


DEFAULTS = Settings(epochs=30, batch_size=128, learning_rate=5e-4, units=(32, 16), dropout=0.3)
PRESET = Preset(
    name="binary",
    settings=DEFAULTS,
    datasets={"weak_signal": _load_weak_signal, "breast_cancer": _load_breast_cancer},
    build=partial(build_classifier, single_dropout=True),
    has_dropout=partial(has_dropout, single_dropout=True),
)
