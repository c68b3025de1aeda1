"""Which findings a run of any shape must have: from how it was made, and from what can be read off it directly."""

from __future__ import annotations

import math

import numpy as np

from bench.collection.fit_labels import LONG_ENOUGH, NOTHING_TO_SEE, non_finite_loss
from bench.collection.general import GeneralRecipe
from bench.collection.recording import Answer, Label, Recording
from fitmon.engine.diagnosis.data.rules import DATA_RULES
from fitmon.engine.diagnosis.rules import RULES

MUST, MUST_NOT, EITHER = Answer.MUST, Answer.MUST_NOT, Answer.EITHER

GOOD_NEWS = frozenset({"learning_well", "good_fit", "too_early", "undecided"})
"""Findings that are no alarm."""
HARMLESS = frozenset({"validation_looks_better", "underfitting", "plateau"})
"""As right in a healthy run as in any other: an explanation, the remark that a model is too small or the features show
no more, which curves cannot tell apart, and that a run which is done has flattened. Whether one of them is an alarm is
counted by its strength."""
FEW, MANY = 20, 1_000
"""Validation samples: between them it is a matter of taste whether they are few."""
FAR_ABOVE, AT_CHANCE = 1.5, 1.0
"""Validation loss over that of a prediction that does not look at the inputs."""
ON_ITS_WAY = 0.03
"""Share by which a loss falls in the last epochs that is on its way down."""
MODES_APART, MODES_ALIKE = 3.0, 1.5
"""Loss in inference mode over that in training mode."""
MATTERS, HARDLY_MATTERS = 0.3, 0.05
"""Their difference as a share of the loss of guessing."""
LAST_EPOCHS = 3


def labels_of_general(recipe: GeneralRecipe, run: Recording) -> dict[str, Label]:
    """Return the labels of a run; findings that are missing are `EITHER`."""
    made = {name: Label(answer, "by how it was made") for name, answer in recipe.labels.items()}
    return _without_a_fault(recipe, run) | _read_off(run) | made


def _without_a_fault(recipe: GeneralRecipe, run: Recording) -> dict[str, Label]:
    """Return that data have no fault that the recipe does not name, and a healthy run none at all."""
    names = {rule.name for rule in (RULES if recipe.healthy else DATA_RULES)} - GOOD_NEWS - HARMLESS
    why = "nothing is to be changed" if recipe.healthy else "it has no such fault"
    found = {name: Label(MUST_NOT, why) for name in names}
    samples = run.facts.validation_samples
    if FEW < samples < MANY:
        found["validation_too_small"] = Label(EITHER, f"{samples} samples are neither few nor many")
    if (run.facts.input_axes or 1) == 1 and not run.facts.label_shares:
        found["suspected_labels"] = Label(EITHER, "classes of a table overlap: some samples do look like another one")
    return found


def _read_off(run: Recording) -> dict[str, Label]:
    """Return what the numbers themselves show, without any judgement."""
    lost = non_finite_loss(run)
    found = {"non_finite_loss": lost}
    if lost.answer is MUST:
        return found | NOTHING_TO_SEE
    if run.epochs_done >= LONG_ENOUGH:
        found["too_early"] = Label(MUST_NOT, f"{run.epochs_done} epochs were trained")
    if run.truth.chance > 0:
        found["worse_than_guessing"] = _against_chance(run)
    if run.truth.training_mode_loss is not None and run.truth.inference_mode_loss is not None:
        found["inference_differs"] = _apart(run.truth.training_mode_loss, run.truth.inference_mode_loss, run)
    return found


def _against_chance(run: Recording) -> Label:
    losses, penalties = (_last_values(run, name) for name in ("val_loss", "penalty"))
    data_losses = losses - np.nan_to_num(penalties)
    lowest, highest = float(data_losses.min()) / run.truth.chance, float(data_losses.max()) / run.truth.chance
    why = f"the validation loss ends at {lowest:.3g} to {highest:.3g} times that of guessing"
    falls = data_losses[-1] < (1 - ON_ITS_WAY) * data_losses[0]
    answer = MUST if lowest >= FAR_ABOVE and not falls else MUST_NOT if highest < AT_CHANCE else EITHER
    return Label(answer, why)


def _last_values(run: Recording, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = (run.metrics | run.measures).get(name, [math.nan] * run.epochs_done)[-LAST_EPOCHS:]
    return np.array([math.nan if value is None else float(value) for value in values])


def _apart(in_training: float, in_inference: float, run: Recording) -> Label:
    ratio, share = in_inference / max(in_training, 1e-9), (in_inference - in_training) / run.truth.chance
    why = (
        f"the same training samples have a loss of {in_training:.3g} in training mode, {in_inference:.3g} in inference"
    )
    if ratio >= MODES_APART and share >= MATTERS:
        return Label(MUST, why)
    return Label(MUST_NOT if ratio < MODES_ALIKE or share < HARDLY_MATTERS else EITHER, why)
