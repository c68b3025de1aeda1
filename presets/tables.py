"""Turns a table into training and validation data: split stratified with a seed, or in file order; standardized."""

from __future__ import annotations

import math
from typing import Any, Literal

from fitmon.engine.job import TrainingData
from fitmon.presets.checks import checked_labels, one_hot, require_numbers, require_same_length

VALIDATION_FRACTION = 0.2

Split = Literal["stratified", "last"]
"""Stratified with a seed; or the last rows for validation, as Keras's `validation_split` does."""


def split_table(table: Any, *, seed: int, split: Split = "stratified", notes: tuple[str, ...] = ()) -> TrainingData:
    """Split a table 80 : 20, stratified by default, and standardize it.

    In a file sorted by class, the last rows are all of one class. Mean and standard deviation are those of the training
    set, so that nothing of the validation set leaks into it.

    Args:
        table: scikit-learn's Bunch: `data` (n, features), `target` (n,) class numbers, `target_names` (C,) and, where
            it has them, `feature_names` (features,).
        seed: of the split; the same seed gives the same rows. Ignored for `last`.
        split: how to choose the validation rows.
        notes: passed to the training data.

    Returns:
        Inputs (n, features) float32; targets (n, 1) float32 for two classes, (n, C) float32 one-hot for more.
    """
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    names = tuple(str(name) for name in table.target_names)
    require_numbers(table.data, name="the table")
    labels = checked_labels(table.target, classes=len(names), name="the table's target")
    require_same_length(table.data, labels, name="the table")
    x, x_original, labels, labels_validation = (
        _last_rows(table.data, labels) if split == "last" else _stratified_rows(table.data, labels, seed)
    )
    scaler = StandardScaler().fit(x)
    return TrainingData(
        x=scaler.transform(x).astype(np.float32),
        y=_targets(labels, len(names)),
        x_validation=scaler.transform(x_original).astype(np.float32),
        y_validation=_targets(labels_validation, len(names)),
        class_names=names,
        feature_names=tuple(str(name) for name in getattr(table, "feature_names", ())),
        x_validation_original=x_original,
        notes=notes,
    )


def _stratified_rows(x: Any, labels: Any, seed: int) -> list[Any]:
    from sklearn.model_selection import train_test_split

    split: list[Any] = train_test_split(x, labels, test_size=VALIDATION_FRACTION, stratify=labels, random_state=seed)
    return split


def _last_rows(x: Any, labels: Any) -> list[Any]:
    first = math.floor(len(x) * (1 - VALIDATION_FRACTION))
    return [x[:first], x[first:], labels[:first], labels[first:]]


def _targets(labels: Any, classes: int) -> Any:
    import numpy as np

    two_classes = 2
    return labels.astype(np.float32).reshape(-1, 1) if classes == two_classes else one_hot(labels, classes)
