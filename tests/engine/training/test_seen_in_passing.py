"""What epochs have shown of data and outputs is known after a resume too."""

from __future__ import annotations

import msgspec
import pytest

from fitmon.engine.facts import Facts, OutputFacts
from fitmon.engine.training.branch_history import BranchHistory
from fitmon.engine.training.epoch_diagnosis import EpochDiagnosis

FACTS = Facts(job="job", training_samples=100, validation_samples=50, loss="sparse_categorical_crossentropy")


def diagnosis(facts: Facts = FACTS) -> EpochDiagnosis:
    return EpochDiagnosis(facts, threshold=0.5, history=BranchHistory(), can_rewind=False)


@pytest.mark.parametrize(
    "seen",
    [
        {"outputs_are": "logits"},
        {"outputs": (OutputFacts(name="a", loss="mse"), OutputFacts(name="b", loss="mae", outputs_are="logits"))},
        {"batch_label_agreement": 0.9, "epoch_label_agreement": 0.1, "training_counts": (60, 40)},
        {"non_finite_parts": {"training inputs": 3}},
    ],
)
def test_a_resumed_run_knows_what_the_run_before_it_has_seen(seen: dict[str, object]) -> None:
    straight = diagnosis(msgspec.structs.replace(FACTS, **seen))
    resumed = diagnosis()
    resumed.restore(straight.arrays())
    assert resumed.facts == straight.facts


def test_a_checkpoint_of_an_earlier_fitmon_says_nothing_of_it() -> None:
    arrays = diagnosis().arrays()
    del arrays["diagnosis/facts"]
    resumed = diagnosis()
    resumed.restore(arrays)
    assert resumed.facts == FACTS
