"""Runs in which a knob changes, or dropout alone separates the losses."""

from __future__ import annotations

from functools import partial

from bench.collection import tables
from bench.collection.recipe import Recipe
from bench.collection.recipes.defaults import EITHER, settings_of

STEERED = (
    Recipe(
        name="mnist 5000, L2 raised",
        made="5 000 images, Dense 64, L2 raised from 0.00001 to 0.01 at epoch 7: both losses jump by the penalty",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=settings_of(14, 64, (64,), l2=1e-5),
        knob_at=(7, "l2", 1e-2),
        labels={"penalty_too_strong": EITHER},
    ),
    Recipe(
        name="digits 900, dropout 0.8",
        made="900 digits, Dense 256, dropout 0.8, 30 epochs: Keras's training loss is far above validation",
        split=partial(tables.digits, 900, 400),
        settings=settings_of(30, 32, (256,), dropout=0.8),
    ),
    Recipe(
        name="mnist 5000, dropout 0.7",
        made="5 000 images, Dense 128 twice, dropout 0.7, 10 epochs",
        split=partial(tables.mnist, 5_000, 5_000),
        settings=settings_of(10, 64, (128, 128), dropout=0.7),
    ),
    Recipe(
        name="breast cancer 300, dropout 0.6",
        made="300 patients, Dense 64, dropout 0.6, 40 epochs",
        split=partial(tables.breast_cancer, 300, 200),
        settings=settings_of(40, 16, (64,), dropout=0.6),
    ),
)
