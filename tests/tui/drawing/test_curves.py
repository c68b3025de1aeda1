"""What a chart draws comes from the snapshot as it is."""

import math

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.values import KnobValue
from fitmon.tui.chart_view import ChartView
from fitmon.tui.drawing.curves import chart_of
from fitmon.tui.drawing.quantities import PACE, RATE, Placing, fits_log_scale, metric_keys
from fitmon.tui.drawing.run_chart import line_chart_of
from fitmon.tui.drawing.smoothing import exponential_mean
from tests.tui.fake_run import STEPS, FakeRun


def timed(*seconds: float) -> Snapshot:
    run = FakeRun().begin()
    for epoch, each in enumerate(seconds, 1):
        metrics = {"loss": 1.0 / epoch, "val_loss": 2.0 / epoch}
        knobs: dict[str, KnobValue] = {"learning_rate": 1e-3 * epoch}
        run.tell(
            events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS),
            events.EpochEnded(epoch=epoch, epochs=10, seconds=each, metrics=metrics, knobs=knobs),
        )
    return run.snapshot()


def test_the_time_axis_has_each_epoch_where_it_ended() -> None:
    chart = chart_of(timed(10.0, 2.0, 4.0), "loss", log_scale=False, view=ChartView(by_time=True))
    picture = line_chart_of(chart)
    training, validation = picture.lines
    assert validation.positions.tolist() == [10.0, 12.0, 16.0]
    assert training.positions.tolist() == [5.0, 11.0, 14.0], "means are at the middle"
    assert (picture.first, picture.last) == (0.0, 16.0)


def test_the_learning_rate_is_level_through_each_epoch() -> None:
    chart = chart_of(timed(1, 1, 1), RATE, log_scale=False)
    assert chart.placing is Placing.STEP
    assert chart.training.epochs.tolist() == [0, 1, 1, 2, 2, 3]
    assert chart.training.values.tolist() == pytest.approx([1e-3, 1e-3, 2e-3, 2e-3, 3e-3, 3e-3])
    assert not chart.has_two_parts


def test_every_metric_the_run_reports_can_be_shown() -> None:
    run = FakeRun().begin().epoch_ended(1, None, loss=1.0, accuracy=0.5, val_loss=1.0, val_accuracy=0.4, mae=2.0)
    assert metric_keys(run.snapshot()) == ["accuracy", "mae", RATE, PACE]


def test_only_what_is_no_share_has_a_logarithmic_axis() -> None:
    yes = (":loss", ":data loss", ":penalty", RATE, PACE, "mae", "mean_squared_error")
    no = ("accuracy", "sparse_categorical_accuracy", "AUC", "precision_1", "f1_score", ":alike accuracy")
    assert all(map(fits_log_scale, yes))
    assert not any(map(fits_log_scale, no))


def test_smoothing_is_an_exponential_mean_without_a_start_at_zero() -> None:
    values = np.random.default_rng(0).standard_normal(500) + 3
    mean, weight, expected = 0.0, 0.0, []
    for value in values:
        mean, weight = 0.9 * mean + value, 0.9 * weight + 1
        expected.append(mean / weight)
    assert np.allclose(exponential_mean(values, 0.9), expected, atol=1e-3)


def test_smoothing_leaves_out_what_is_not_finite() -> None:
    smooth = exponential_mean(np.array([1.0, math.nan, 3.0, math.inf, 1e308]), 0.6)
    assert np.isnan(smooth[[1, 3]]).all()
    assert smooth[0] == 1.0
    assert 1.0 < smooth[2] < 3.0
    assert np.isfinite(smooth[4])
    assert len(exponential_mean(np.empty(0), 0.6)) == 0


def test_a_zoomed_chart_has_the_range_of_what_is_shown() -> None:
    run = FakeRun().begin().train(1, 40)
    whole = line_chart_of(chart_of(run.snapshot(), "loss", log_scale=False))
    zoomed = line_chart_of(chart_of(run.snapshot(), "loss", log_scale=False, view=ChartView(window=10)))
    assert (whole.high, zoomed.high) == (1.2, 1.2 / 30)
    assert (zoomed.first, zoomed.last) == (30, 40)
