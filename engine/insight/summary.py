"""An observation as plain numbers and one sentence, for scripts and for use without a screen."""

from __future__ import annotations

from fitmon.engine.insight.context import Context
from fitmon.engine.insight.movement import Movement
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.sentence import movement_sentence
from fitmon.engine.measures import ClassInsight, Insight

MAX_CLASSES = 50
"""Above this many classes, they are not listed: the line would grow with their square."""


def summarize(observation: Observation) -> Insight | None:
    """Return what an epoch's JSON contains about the validation samples; None without an epoch to compare with."""
    movement, context, threshold = observation.movement, observation.context, observation.threshold
    if not isinstance(movement, Movement):
        return None
    return Insight(
        samples=len(observation),
        stayed_right=movement.stayed_right,
        stayed_wrong=movement.stayed_wrong,
        crossed_up=movement.crossed_up,
        crossed_down=movement.crossed_down,
        loss_change=movement.loss_change,
        data_loss=movement.data_loss,
        penalty=observation.penalty,
        threshold=movement.threshold,
        near_threshold=observation.near(threshold),
        sentence=sentence_at(observation, threshold),
        not_numbers=context.not_numbers,
        accuracy=context.accuracy,
        accuracy_interval=context.interval,
        majority_share=context.majority_share,
        balanced_accuracy=context.balanced_accuracy,
        matthews=context.matthews,
        roc_auc=context.roc_auc,
        average_precision=context.average_precision,
        brier=context.brier,
        calibration_error=context.calibration_error,
        entropy=context.entropy,
        per_class=_per_class(context),
        confusion=_confusion(context),
    )


def sentence_at(observation: Observation, threshold: float) -> str:
    """Return one sentence about what moved since the previous epoch, without a full stop; `threshold` in [0, 1]."""
    loss_name = "val loss without the penalty" if observation.penalty else "val loss"
    sentence = movement_sentence(observation.movement_at(threshold), loss_name)
    if observation.scores.losses is None:
        sentence += "; this loss cannot be split by sample"
    return f"against the untrained model, {sentence}" if observation.epoch == 1 else sentence


def _per_class(context: Context) -> tuple[ClassInsight, ...] | None:
    if context.per_class is None or len(context.per_class) > MAX_CLASSES:
        return None
    return tuple(
        ClassInsight(support=each.support, precision=each.precision, recall=each.recall, f1=each.f1)
        for each in context.per_class
    )


def _confusion(context: Context) -> tuple[tuple[int, ...], ...] | None:
    if context.confusion is None or len(context.confusion) > MAX_CLASSES:
        return None
    return tuple(tuple(row) for row in context.confusion.tolist())
