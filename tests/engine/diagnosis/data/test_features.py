"""Duplicates and the three rules about features."""

import numpy as np
import pytest

from fitmon.engine.diagnosis.diagnosis import Diagnosis
from tests.engine.diagnosis.data.given import evidence, facts, found


@pytest.mark.parametrize(
    ("duplicates", "samples", "fires"),
    [
        pytest.param(1, 30, False, id="iris has one flower twice"),
        pytest.param(2, 10, False, id="two are no habit"),
        pytest.param(5, 10_000, False, id="a few of very many"),
        pytest.param(3, 30, True, id="a tenth"),
        pytest.param(200, 10_000, True, id="two percent of many"),
        pytest.param(None, 200, False, id="not looked for"),
    ],
)
def test_duplicates_are_weighed_by_their_share(duplicates: int | None, samples: int, fires: bool) -> None:
    finding = found("duplicates", facts(duplicates=duplicates, validation_samples=samples))
    assert (finding is not None) is fires
    assert finding is None or f"{duplicates} of {samples} validation samples" in finding.sentence


def test_a_single_nan_among_the_inputs_is_found() -> None:
    finding = found("non_finite_features", facts(non_finite_values=1, non_finite_parts={"training inputs": 1}))
    assert finding is not None
    assert finding.sentence.startswith("The training inputs have 1 NaN or infinite value. ")
    assert found("non_finite_features", facts(non_finite_values=0)) is None


def test_nan_in_targets_and_weights_is_found_and_named() -> None:
    parts = {"training inputs": 3, "validation targets": 2, "training sample weights": 1}
    finding = found("non_finite_features", facts(non_finite_parts=parts))
    assert finding is not None
    assert finding.sentence.startswith(
        "The training inputs have 3 NaN or infinite values, the validation targets 2 and the training sample weights 1."
    )


def test_an_old_recording_that_has_only_a_total_is_understood() -> None:
    finding = found("non_finite_features", facts(non_finite_values=40))
    assert finding is not None
    assert finding.sentence.startswith("The inputs have 40 NaN or infinite values.")


def test_nan_in_the_data_is_said_before_a_nan_loss_and_as_strongly() -> None:
    known = facts(non_finite_targets=1, non_finite_parts={"training targets": 1})
    seen = Diagnosis().update(evidence(known, loss=np.nan))
    assert [finding.name for finding in seen[:2]] == ["non_finite_features", "non_finite_loss"]
    assert {finding.confidence for finding in seen[:2]} == {1.0}


def test_a_constant_column_of_a_table_is_found_and_named() -> None:
    finding = found(
        "constant_features", facts(features=30, constant_features=1, input_axes=1, constant_names=("unit",))
    )
    assert finding is not None
    assert "1 of 30 features (3.3%) is the same in every training sample (unit)" in finding.sentence


@pytest.mark.parametrize(
    ("features", "axes", "constant", "fires"),
    [
        pytest.param(784, 3, 67, False, id="the border of images"),
        pytest.param(784, 1, 200, False, id="images laid flat"),
        pytest.param(64, 1, 3, False, id="small images laid flat"),
        pytest.param(784, 3, 700, True, id="images that are nearly empty"),
        pytest.param(40, 1, 10, True, id="a table"),
        pytest.param(10, 1, 0, False, id="nothing constant"),
    ],
)
def test_constant_features_of_images_are_ignored(features: int, axes: int, constant: int, fires: bool) -> None:
    known = facts(features=features, input_axes=axes, constant_features=constant)
    assert (found("constant_features", known) is not None) is fires


@pytest.mark.parametrize(
    ("fields", "fires"),
    [
        pytest.param({"largest_scale": 1.0, "largest_mean": 0.0, "largest_value": 200.0}, False, id="an outlier"),
        pytest.param({"largest_scale": 0.45, "largest_mean": 0.5, "smallest_scale": 1e-4}, False, id="in 0 to 1"),
        pytest.param({"largest_scale": 110.0, "largest_mean": 140.0}, True, id="raw pixels"),
        pytest.param({"largest_scale": 5.0, "largest_mean": 2020.0}, True, id="years"),
        pytest.param({"largest_scale": 0.001, "largest_mean": 0.0}, True, id="hardly any variation"),
        pytest.param({"largest_scale": 5_000.0, "largest_mean": 9_000.0, "scales_inputs": True}, False, id="embedded"),
        pytest.param({"largest_scale": 0.0, "largest_mean": 7.0}, False, id="all constant"),
    ],
)
def test_features_are_unscaled_by_their_deviation_and_mean_not_by_their_extremes(
    fields: dict[str, float], fires: bool
) -> None:
    assert (found("unscaled_features", facts(**fields)) is not None) is fires


def test_raw_pixels_are_to_be_divided_by_255() -> None:
    pixels = {"largest_scale": 110.0, "largest_mean": 140.0, "largest_value": 255.0, "smallest_value": 0.0}
    finding = found("unscaled_features", facts(input_axes=3, features=784, **pixels))
    assert finding is not None
    assert "divide by 255" in finding.remedies[0].advice
