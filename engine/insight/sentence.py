"""Describes a movement in one sentence: why accuracy stays the same while the loss changes."""

import math

from fitmon.engine.insight.movement import FirstEpoch, Movement

NOISE = 5e-7
"""A change of the mean loss below this share of the loss (or below this, for losses under 1) is ignored: float32 losses
have a rounding error of about 1e-7 each."""
USUAL_THRESHOLD = 0.5
MAX_DECIMALS = 9


def movement_sentence(movement: Movement | FirstEpoch, loss_name: str = "val loss") -> str:
    """Return one sentence, without a full stop.

    "val loss fell 0.031; 94% of that came from samples that did not cross; accuracy unchanged (12 up, 12 down)".
    """
    if not movement.samples:
        return "there are no validation samples"
    if isinstance(movement, FirstEpoch):
        return _first_words(movement, loss_name)
    clauses = (_loss_words(movement, loss_name), _source_words(movement), _accuracy_words(movement))
    return "; ".join(clause for clause in clauses if clause)


def _first_words(first: FirstEpoch, loss_name: str) -> str:
    loss = ""
    if first.losses_not_finite:
        loss = f"the loss of {_samples(first.losses_not_finite)} is not finite; "
    elif first.data_loss is not None:
        loss = f"{loss_name} {_amount(first.data_loss)}; "
    right = f"{first.right:,} of {_samples(first.samples)} right"
    return f"{loss}{right}{_at(first.threshold)}; no earlier epoch to compare with"


def _loss_words(movement: Movement, loss_name: str) -> str:
    change = movement.data_loss_change
    if movement.losses_not_finite:
        return f"{loss_name} unknown: the loss of {_samples(movement.losses_not_finite)} is not finite"
    if change is None:
        return ""
    if abs(change) < _noise(movement):
        return f"{loss_name} unchanged"
    return f"{loss_name} {'fell' if change < 0 else 'rose'} {_amount(abs(change))}"


def _source_words(movement: Movement) -> str:
    """Describe where the change came from; as a share only where both groups changed the loss in the same direction."""
    change, parts = movement.data_loss_change, movement.parts
    if change is None or parts is None:
        return ""
    if abs(change) < _noise(movement):
        return _opposite_words(movement) if abs(parts.by_staying) >= _noise(movement) and _crossed(movement) else ""
    if not _crossed(movement):
        return "all of that came from samples that did not cross"
    if _crossed(movement) == movement.samples:
        return "all of that came from samples that crossed"
    return _share_words(parts.by_staying / change) or _opposite_words(movement)


def _crossed(movement: Movement) -> int:
    return movement.crossed_up + movement.crossed_down


def _share_words(share: float) -> str:
    """Describe the share of the change from samples that did not cross; empty where it is not between 0 and 1.

    Up to one hundredth above 1 is still "nearly all": the other group then has almost no effect.
    """
    if -0.01 < share < 0.005:  # noqa: PLR2004 - rounds to 0%
        return "nearly all of that came from samples that crossed"
    if 0.005 <= share < 0.995:  # noqa: PLR2004 - rounds to 100%
        return f"{share * 100:.0f}% of that came from samples that did not cross"
    return "nearly all of that came from samples that did not cross" if 0 < share < 1.01 else ""  # noqa: PLR2004


def _opposite_words(movement: Movement) -> str:
    if movement.parts is None:
        return ""
    staying, crossing = movement.parts.by_staying, movement.parts.by_crossing
    return (
        f"samples that did not cross {_effect(staying)} it by {_amount(abs(staying))}, "
        f"those that crossed {_effect(crossing)} it by {_amount(abs(crossing))}"
    )


def _effect(change: float) -> str:
    return "lowered" if change < 0 else "raised"


def _accuracy_words(movement: Movement) -> str:
    name = f"accuracy{_at(movement.threshold)}"
    if not _crossed(movement):
        return f"{name} unchanged (no sample crossed)"
    crossed = f"({movement.crossed_up:,} up, {movement.crossed_down:,} down)"
    if movement.crossed_up == movement.crossed_down:
        return f"{name} unchanged {crossed}"
    before, now = _distinct_percents(movement.previous_right / movement.samples, movement.right / movement.samples)
    return f"{name} {'rose' if movement.right > movement.previous_right else 'fell'} from {before}% to {now}% {crossed}"


def _distinct_percents(before: float, now: float) -> tuple[str, str]:
    """Return two shares in percent, with one decimal or as many as needed to show that they differ."""
    for decimals in range(1, MAX_DECIMALS):
        texts = f"{before * 100:.{decimals}f}", f"{now * 100:.{decimals}f}"
        if texts[0] != texts[1]:
            break
    return texts


def _at(threshold: float | None) -> str:
    return "" if threshold is None or threshold == USUAL_THRESHOLD else f" at threshold {threshold:.4g}"


def _noise(movement: Movement) -> float:
    known = [abs(loss) for loss in (movement.data_loss, movement.previous_data_loss) if loss is not None]
    return NOISE * max(1.0, *known)


def _amount(value: float) -> str:
    """Format a loss or its change: three decimals, or two digits where three decimals show less."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.3f}"
    if value >= 1000:  # noqa: PLR2004 - thousands need no decimals
        return f"{value:,.0f}"
    return f"{value:.3f}" if value >= 0.01 else f"{value:.2g}"  # noqa: PLR2004 - two digits


def _samples(count: int, name: str = "sample") -> str:
    return f"{count:,} {name}" if count == 1 else f"{count:,} {name}s"
