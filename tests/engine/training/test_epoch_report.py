"""A run that Keras's own `fit` drives has the same report of its epochs, by a plain callback."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.data.feed import ResidentFeed
from fitmon.engine.keras_internals import build_model
from fitmon.engine.training.epoch_report import TrainedEpoch, epoch_report_for
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.reporter import Reporter
from fitmon.engine.training.session import Session
from tests.engine.watching import build_table_model, settings, small_table, table_job

pytestmark = pytest.mark.slow

EPOCHS = 3


@pytest.fixture(scope="module")
def reported() -> tuple[list[events.Event], list[dict[str, float]]]:
    """Return the events of a run that `fit` trained, and the logs that `fit` gave its callbacks."""
    import keras

    keras.utils.set_random_seed(3)
    chosen, data = settings(epochs=EPOCHS, dropout=0.2, l2=1e-3), small_table()
    job, model = table_job(build_table_model, chosen), build_table_model(chosen)
    emitted: list[events.Event] = []
    logs_of_fit: list[dict[str, float]] = []

    class Report(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def on_train_begin(self, logs: Any = None) -> None:
            del logs
            feed = ResidentFeed(data.x, data.y)
            # `fit` builds loss and metrics in its first step only.
            build_model(self.model, feed.head())
            self.report = epoch_report_for(self.model, data, job, Reporter(emitted.append), feed=feed)
            self.report.score_untrained(chosen.batch_size)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs_of_fit.append(dict(logs))
            self.report.end_epoch(
                TrainedEpoch(
                    epoch=epoch + 1,
                    epochs=EPOCHS,
                    seconds=1.0,
                    metrics={name: value for name, value in logs.items() if not name.startswith("val_")},
                    knobs={"learning_rate": float(self.model.optimizer.learning_rate)},
                    batch_size=chosen.batch_size,
                )
            )

    model.fit(
        data.x,
        data.y,
        validation_data=(data.x_validation, data.y_validation),
        batch_size=chosen.batch_size,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[Report()],
    )
    return emitted, logs_of_fit


def test_every_epoch_has_its_observation_insight_measures_and_findings(
    reported: tuple[list[events.Event], list[dict[str, float]]],
) -> None:
    emitted, _ = reported
    scored = [event for event in emitted if isinstance(event, events.SamplesScored)]
    ended = [event for event in emitted if isinstance(event, events.EpochEnded)]
    assert [event.epoch for event in scored] == [0, 1, 2, 3]
    assert [event.epoch for event in ended] == [1, 2, 3]
    for event in ended:
        assert event.insight
        assert event.insight.samples == 40
        assert event.measures
        assert event.measures.training_loss is not None
        assert event.findings
        assert event.knobs == {"learning_rate": pytest.approx(0.01)}


def test_its_validation_is_the_one_that_fit_reports(
    reported: tuple[list[events.Event], list[dict[str, float]]],
) -> None:
    emitted, logs = reported
    ended = [event for event in emitted if isinstance(event, events.EpochEnded)]
    for event, of_fit in zip(ended, logs, strict=True):
        assert set(event.metrics) == set(of_fit)
        np.testing.assert_allclose([event.metrics[name] for name in of_fit], list(of_fit.values()), rtol=1e-6)


def test_the_report_does_not_change_what_fit_trains() -> None:
    """Fitmon's own session, which reports the same way, reaches the losses of a bare `fit` too."""
    import keras

    chosen, data = settings(epochs=EPOCHS), small_table()
    keras.utils.set_random_seed(3)
    model = build_table_model(chosen)
    order = np.arange(len(data.x))
    bare = model.fit(data.x[order], data.y[order], batch_size=16, epochs=EPOCHS, shuffle=False, verbose=0)

    keras.utils.set_random_seed(3)
    model = build_table_model(chosen)
    emitted: list[events.Event] = []

    class Report(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                job = table_job(build_table_model, chosen)
                self.report = epoch_report_for(self.model, data, job, Reporter(emitted.append))
            self.report.end_epoch(
                TrainedEpoch(epoch=epoch + 1, epochs=EPOCHS, seconds=0.0, metrics=logs, knobs={}, batch_size=16)
            )

    watched = model.fit(data.x, data.y, batch_size=16, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[Report()])
    assert watched.history["loss"] == bare.history["loss"]
    assert len([event for event in emitted if isinstance(event, events.EpochEnded)]) == EPOCHS


def test_a_session_reports_by_the_same_part() -> None:
    emitted: list[events.Event] = []
    session = Session(
        table_job(build_table_model, settings(epochs=1)),
        RunOptions(on_event=emitted.append, summarize_epochs=False),
    )
    session.run()
    (ended,) = [event for event in emitted if isinstance(event, events.EpochEnded)]
    assert not ended.insight
    assert ended.measures
