"""Vanishing gradients: the first layers of a deep model get almost none, and the loss stays where it was."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import losses_of
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 3
VANISHED = 0.03
"""Gradient in the first layer over that in the last: with relu, BatchNormalization or residual connections it is above
0.1, through five sigmoid layers 0.0001 to 0.02."""
LITTLE, LITTLE_IN_TRAINING = 0.1, 0.2
"""Largest share of the baseline that was learned."""
DEAD = 0.5
"""Share of dead relu units that explains a gradient of 0 in all layers."""
SATURATING = frozenset({"sigmoid", "tanh", "softsign", "hard_sigmoid", "softmax"})


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    first, last = (_last_measured(evidence, name) for name in ("first_gradient", "last_gradient"))
    if evidence.epoch < FIRST_EPOCH or not first <= VANISHED * last:
        return None
    if not last and evidence.last("dead_share") >= DEAD:
        return None
    if not losses.learned(losses.judged) <= LITTLE or not losses.learned(losses.training) <= LITTLE_IN_TRAINING:
        return None
    return Finding(
        name=RULE.name,
        sentence=_sentence(evidence, first, last),
        epochs=(1, evidence.epoch),
        confidence=0.9,
    )


def _last_measured(evidence: Evidence, name: str) -> float:
    curve = evidence.curve(name)
    known = curve[np.isfinite(curve)]
    return float(known[-1]) if len(known) else float("nan")


def _sentence(evidence: Evidence, first: float, last: float) -> str:
    layers = evidence.facts.weight_layers
    ends = (layers[0].rsplit("/", 1)[-1], layers[-1].rsplit("/", 1)[-1]) if layers else ("the first layer", "the last")
    kinds = [name for name in evidence.facts.hidden_activations if name in SATURATING]
    through = f"{' and '.join(kinds)} layers" if kinds else "layers"
    if not last:
        return f"vanishing gradients: the gradient is 0 in {ends[0]} and in {ends[1]}: no layer learns."
    times = f"{last / first:,.0f} times smaller" if first > 0 else "exactly 0"
    return (
        f"vanishing gradients: the gradient in {ends[0]} is {first:.2g}, in {ends[1]} {last:.2g}: {times} after "
        f"{max(1, len(layers) - 1)} {through}, so the first layers hardly learn."
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    kinds = [name for name in evidence.facts.hidden_activations if name in SATURATING]
    return remedies.present(
        (
            remedies.advice(
                f"use relu instead of {' and '.join(kinds)} in the hidden layers"
                if kinds
                else "use relu and He initialization",
                "The derivative of relu is 1 where it is active; that of sigmoid is at most 0.25 in each layer.",
                raises=(remedies.RELU,),
            ),
            remedies.advice(
                "or add BatchNormalization or residual connections between the layers",
                "Each layer gets a gradient of about the same size.",
            ),
            remedies.advice(
                "or use fewer hidden layers", "The gradient has fewer layers to pass.", lowers=(remedies.LAYERS,)
            ),
        )
    )


RULE = Rule(
    name="vanishing_gradients",
    explanation=(
        "The gradient reaches the first layers through all others, and each one multiplies it. Where the factors are "
        "below 1, as in sigmoid layers, little is left after a few layers: the last layers train on random features. "
        "The sizes are root mean squares over a layer's weights, for one batch, measured at most once an epoch."
    ),
    source=(
        "Glorot, Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, "
        "https://proceedings.mlr.press/v9/glorot10a.html; Hochreiter 1998, The vanishing gradient problem during "
        "learning recurrent neural nets, https://doi.org/10.1142/S0218488598000094"
    ),
    weight=0.95,
    check=_check,
    remedies=_remedies,
    explains=frozenset({"not_learning", "underfitting", "plateau", "learning_rate_too_low", "worse_than_guessing"}),
)
