import numpy as np
import pytest

from fitmon.engine.finding import Finding
from tests.engine.diagnosis.data.given import facts, found

COUNTS = {"classes": 10, "validation_counts": (20,) * 10}


def suspected(
    count: float, *, accuracy: float = 0.9, training: float = 0.9, saturated: float = 0.0, epoch: int = 8
) -> Finding | None:
    return found(
        "suspected_labels",
        facts(**COUNTS),
        epoch=epoch,
        best_epoch=min(5, epoch),
        suspected_labels=count,
        validation_accuracy=accuracy,
        training_accuracy=training,
        saturated_share=saturated,
    )


def test_many_confident_errors_of_a_good_model_are_suspected_labels() -> None:
    finding = suspected(12)
    assert finding is not None
    assert "12 of 200 validation samples (6.0%) have labels that look wrong" in finding.sentence
    assert finding.epochs == (5, 8)


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (suspected(1), "half a percent is what clean data show"),
        (suspected(12, accuracy=0.3), "a bad model's errors are its own"),
        (suspected(12, training=0.999), "a model that had no errors in training is just too sure"),
        (suspected(12, saturated=0.9), "a model that is always sure means nothing by it"),
        (suspected(12, epoch=3), "three epochs show no pattern"),
        (suspected(np.nan), "nothing was measured"),
    ],
)
def test_it_is_silent_where_the_label_need_not_be_wrong(finding: Finding | None, why: str) -> None:
    assert finding is None, why
