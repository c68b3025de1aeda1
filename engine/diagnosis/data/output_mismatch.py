"""An output, a loss and labels that do not match, although Keras raises no error."""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import structs

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

TWO = 2
NOT_PROBABILITIES = frozenset({"linear", "relu", "tanh", "elu", "selu", "gelu", "silu", "leaky_relu", "softplus"})
SEVERAL_CLASSES = frozenset({"categorical_crossentropy", "sparse_categorical_crossentropy"})

Mismatch = tuple[str, float, Remedy]
"""The sentence, how sure it is, and what to do."""


def _check(evidence: Evidence) -> Finding | None:
    for name, facts in _outputs(evidence.facts):
        found = next(filter(None, (check(facts) for check in _CHECKS)), None)
        if found is not None:
            sentence, confidence, remedy = found
            return Finding(
                name=RULE.name,
                sentence=f"Output '{name}': {sentence}" if name else sentence,
                epochs=OF_THE_DATA,
                confidence=confidence,
                remedies=(remedy,),
            )
    return None


def _outputs(facts: Facts) -> list[tuple[str, Facts]]:
    """Return the facts of each output by its name; empty for a single one."""
    if not facts.outputs:
        return [("", facts)]
    return [
        (
            output.name,
            structs.replace(
                facts,
                loss=output.loss,
                from_logits=output.from_logits,
                output_units=output.output_units,
                output_activation=output.output_activation,
                outputs_are=output.outputs_are,
            ),
        )
        for output in facts.outputs
    ]


def _softmax_over_one(facts: Facts) -> Mismatch | None:
    if facts.output_units != 1 or facts.output_activation != "softmax":
        return None
    remedy = Remedy(
        advice="end with Dense(1, activation='sigmoid') and binary_crossentropy",
        expect="The output becomes a probability that can be learned.",
    )
    return (
        "Softmax over one output gives 1 for every sample, whatever the weights: nothing can be learned.",
        1.0,
        remedy,
    )


def _one_output_for_several(facts: Facts) -> Mismatch | None:
    classes = facts.classes or 0
    if facts.output_units != 1:
        return None
    if facts.loss in SEVERAL_CLASSES:
        remedy = Remedy(
            advice="with two classes end with Dense(1, activation='sigmoid') and use binary_crossentropy",
            expect="The loss depends on the weights and falls.",
        )
        return f"{facts.loss} over one output is 0 for every sample, whatever the weights.", 0.95, remedy
    counts = (facts.training_counts or (), facts.validation_counts or ())
    present = {number for side in counts for number, count in enumerate(side) if count}
    if (len(present) if present else classes) > TWO and facts.output_activation == "sigmoid":
        remedy = Remedy(
            advice=f"end with Dense({classes}, activation='softmax') and use sparse_categorical_crossentropy",
            expect=f"The model predicts one probability for each of the {classes} classes.",
        )
        sentence = f"The labels have {classes} classes, but one sigmoid can only tell two apart."
        return sentence, 0.95, remedy
    return None


def _no_probabilities(facts: Facts) -> Mismatch | None:
    crossentropy = facts.loss in SEVERAL_CLASSES or facts.loss == "binary_crossentropy"
    if not crossentropy or facts.from_logits or facts.output_activation not in NOT_PROBABILITIES:
        return None
    end = "sigmoid" if facts.loss == "binary_crossentropy" else "softmax"
    sentence = (
        f"{facts.loss} expects probabilities, but the output activation is {facts.output_activation}: values outside "
        "0 and 1 are clipped and have no gradient."
    )
    or_logits = ", or pass from_logits=True to the loss" if facts.output_activation == "linear" else ""
    remedy = Remedy(
        advice=f"end with activation='{end}'{or_logits}",
        expect="Every sample has a gradient again, and its probability can be shown.",
    )
    return sentence, 0.95, remedy


def _sigmoid_for_one_hot(facts: Facts) -> Mismatch | None:
    columns = facts.label_columns or 0
    sigmoid = facts.output_activation == "sigmoid" or (facts.from_logits and facts.loss == "binary_crossentropy")
    if not facts.one_hot or columns < TWO or not sigmoid:
        return None
    sentence = (
        f"Each row of labels has exactly one 1 in {columns} columns, but sigmoid treats every column separately: "
        f"the {columns} probabilities need not sum to 1."
    )
    remedy = Remedy(
        advice=f"end with Dense({columns}, activation='softmax') and use categorical_crossentropy",
        expect="The probabilities sum to 1; loss and accuracy can be compared with those of other models.",
    )
    return sentence, 0.9, remedy


def _softmax_for_several_at_once(facts: Facts) -> Mismatch | None:
    columns, units = facts.label_columns or 0, facts.output_units or 0
    if facts.output_activation != "softmax" or facts.loss != "binary_crossentropy" or units <= TWO:
        return None
    if facts.one_hot:
        remedy = Remedy(advice="use categorical_crossentropy", expect="The loss depends on the true class alone.")
        return f"binary_crossentropy treats each of the {columns} columns as a separate two-class problem.", 0.7, remedy
    remedy = Remedy(
        advice=f"end with Dense({units}, activation='sigmoid') if a sample can have several labels",
        expect="Each label has its own probability.",
    )
    sentence = "binary_crossentropy treats each column separately, but softmax lets only one of them win."
    return sentence, 0.7, remedy


def _probabilities_as_logits(facts: Facts) -> Mismatch | None:
    # Keras finds the logits of its own softmax and sigmoid layers behind the probabilities.
    known = facts.output_activation in {"softmax", "sigmoid"}
    if not facts.from_logits or facts.outputs_are != "probabilities" or known:
        return None
    floor = ""
    if facts.loss in SEVERAL_CLASSES and facts.output_units:
        floor = f", so the loss cannot fall below {math.log(1 + (facts.output_units - 1) / math.e):.3g}"
    sentence = (
        f"{facts.loss} with from_logits=True expects raw outputs, but the outputs are probabilities already: they are "
        f"squashed a second time{floor}."
    )
    remedy = Remedy(
        advice="remove the softmax or sigmoid at the end of the model, or pass from_logits=False to the loss",
        expect="The loss can fall to 0.",
    )
    return sentence, 0.95, remedy


def _logits_as_probabilities(facts: Facts) -> Mismatch | None:
    crossentropy = facts.loss in SEVERAL_CLASSES or facts.loss == "binary_crossentropy"
    if not crossentropy or facts.from_logits or facts.outputs_are != "logits":
        return None
    sentence = (
        f"{facts.loss} expects probabilities, but some outputs are below 0 or above 1, or do not sum to 1: they are "
        "clipped, and what is clipped has no gradient."
    )
    remedy = Remedy(
        advice="pass from_logits=True to the loss, or end the model with a softmax or sigmoid",
        expect="Every sample has a gradient again, and its probability can be shown.",
    )
    return sentence, 0.95, remedy


_CHECKS: tuple[Callable[[Facts], Mismatch | None], ...] = (
    _softmax_over_one,
    _one_output_for_several,
    _no_probabilities,
    _sigmoid_for_one_hot,
    _softmax_for_several_at_once,
    _probabilities_as_logits,
    _logits_as_probabilities,
)

RULE = Rule(
    name="output_mismatch",
    explanation=(
        "The last activation defines what the outputs mean, the loss how they are judged, and the labels what is "
        "correct; the three must match. One of two classes: one sigmoid, labels 0 and 1, binary cross-entropy. One of "
        "several: softmax, with categorical cross-entropy for one-hot rows or the sparse one for class numbers. "
        "Several at once: one sigmoid each and binary cross-entropy. Keras trains other combinations too, without an "
        "error."
    ),
    source=(
        "Goodfellow, Bengio, Courville 2016, Deep Learning, section 6.2.2 'Output Units', "
        "https://www.deeplearningbook.org/contents/mlp.html; "
        "Keras, Probabilistic losses, https://keras.io/api/losses/probabilistic_losses/"
    ),
    weight=1.0,
    check=_check,
    patience=1,
    explains=frozenset(
        {"not_learning", "underfitting", "plateau", "worse_than_guessing", "unbalanced", "non_finite_loss"}
    ),
    invalidates=frozenset(
        {"learning_well", "good_fit", "undecided", "saturated_outputs", "learning_rate_too_high", "dead_units"}
    ),
)
