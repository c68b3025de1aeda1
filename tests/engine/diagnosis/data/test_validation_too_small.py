import numpy as np

from fitmon.engine.finding import Finding
from tests.engine.diagnosis.data.given import facts, found


def after_a_rise(rise: float, error: float, *, best: float = 0.05, samples: int = 200) -> Finding | None:
    return found(
        "validation_too_small",
        facts(validation_samples=samples),
        epoch=9,
        best_epoch=4,
        validation_loss=best + rise,
        validation_since_best=rise,
        validation_since_best_error=error,
    )


def test_a_relevant_rise_within_its_noise_is_no_evidence() -> None:
    finding = after_a_rise(0.004, 0.006)
    assert finding is not None
    assert "+0.004 ± 0.012 (95% interval) since its best: no evidence" in finding.sentence
    assert finding.epochs == (4, 9)


def test_a_rise_beyond_its_noise_is_left_to_another_rule() -> None:
    assert after_a_rise(0.02, 0.004) is None


def test_a_rise_too_small_to_matter_needs_no_larger_set() -> None:
    assert after_a_rise(0.001, 0.006) is None


def test_a_fall_is_silent() -> None:
    assert after_a_rise(-0.004, 0.006) is None


def test_where_the_weights_move_to_and_fro_more_samples_would_not_help() -> None:
    loss = 0.05 * np.array([1.0, 4.0, 1.2, 1.0, 5.0, 1.1, 4.0, 1.0, 1.08])
    moving = {"validation_loss": loss, "validation_since_best": 0.004, "validation_since_best_error": 0.006}
    assert found("validation_too_small", facts(validation_samples=200), epoch=9, best_epoch=4, **moving) is None


def test_a_model_worse_than_guessing_does_not_need_more_samples() -> None:
    rise = {"validation_loss": 1.2, "validation_since_best": 0.7, "validation_since_best_error": 0.6, "best_epoch": 4}
    assert found("validation_too_small", facts(validation_samples=200, baseline_loss=1.5), epoch=9, **rise) is not None
    assert found("validation_too_small", facts(validation_samples=200, baseline_loss=0.7), epoch=9, **rise) is None


def test_it_says_how_many_samples_are_needed() -> None:
    finding = after_a_rise(0.006, 0.0051, best=0.1, samples=100)
    assert finding is not None
    assert "validate on about 410 samples, a share of 0.37" in finding.remedies[0].advice


def test_few_samples_are_reported_whatever_the_curves() -> None:
    finding = found("validation_too_small", facts(validation_samples=10))
    assert finding is not None
    assert "10 samples: each is 10% of every validation number" in finding.sentence
    assert found("validation_too_small", facts(validation_samples=30)) is None


def test_a_preset_that_splits_by_seed_suggests_another_seed() -> None:
    def told(**more: object) -> str:
        finding = found("validation_too_small", facts(validation_samples=10, **more))
        assert finding is not None
        return finding.remedies[-1].command_line

    assert told(job="iris", options={}) == "fitmon iris --seed 1"
    assert told(job="iris", options={"seed": "7", "l2": "0.1"}) == "fitmon iris --seed 8 --l2 0.1"
    assert told(job="mnist", options={}) == ""
    assert told(job="iris") == "", "a job of the same name in somebody's own script"
    assert told(job="iris", options={"split": "last"}) == "", "that split has nothing to do with the seed"
