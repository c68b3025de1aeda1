"""A session trains in the thread that calls it: a user's script trains on its own main thread."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.commands import Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.session import Session
from tests.engine.watching import PATIENCE_SECONDS, Watched, build_table_model, settings, table_job

pytestmark = pytest.mark.slow


def test_pause_knob_and_stop_from_another_thread_reach_training_in_the_calling_thread() -> None:
    watched = Watched(table_job(build_table_model, settings(epochs=400)), Pause(PauseAt.EPOCH))
    threads: list[int] = []
    watched.on(events.ChunkEnded, lambda _: threads.append(threading.get_ident()))

    def steer() -> None:
        watched.wait_for(events.RunPaused)
        watched.session.send(SetKnob("learning_rate", 0.125))
        watched.wait_for(events.KnobRequested)
        watched.session.send(Resume())
        watched.wait_for(events.KnobApplied)
        watched.session.send(Stop("enough"))

    other = threading.Thread(target=steer)
    other.start()
    watched.session.run()
    other.join(PATIENCE_SECONDS)

    assert set(threads) == {threading.get_ident()}
    assert watched.one(events.RunPaused).epoch == 1
    receipt = watched.one(events.KnobApplied)
    assert (receipt.knob, receipt.value, receipt.epoch) == ("learning_rate", 0.125, 2)
    ending = watched.one(events.RunEnded)
    assert (ending.reason, ending.completed) == ("enough", False)
    assert watched.session.join(0)
    assert watched.session.snapshot().ending is ending
    assert watched.session.model.optimizer.learning_rate == 0.125


def test_what_a_script_sets_in_its_thread_applies_to_training() -> None:
    """Keras keeps dtype policies and device scopes per thread."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        watched = Watched(table_job(build_table_model, settings(epochs=1)))
        watched.session.run()
    finally:
        keras.config.set_dtype_policy(before)
    assert watched.one(events.RunEnded).completed
    assert watched.session.model.layers[0].compute_dtype == "bfloat16"


def test_an_interrupt_ends_the_run_as_stopped_and_reaches_the_caller() -> None:
    seen: list[events.Event] = []

    def interrupt(event: events.Event) -> None:
        seen.append(event)
        if isinstance(event, events.EpochEnded):
            raise KeyboardInterrupt

    session = Session(table_job(build_table_model, settings(epochs=3, l2=0.25)), RunOptions(on_event=interrupt))
    with pytest.raises(KeyboardInterrupt):
        session.run()
    ending: Any = session.snapshot().ending
    assert (ending.reason, ending.completed) == ("interrupted", False)
    assert session.join(0)
    model: Any = session.model
    regularizers = [type(layer.kernel.regularizer).__module__ for layer in model.layers]
    assert all(module.startswith("keras.") for module in regularizers), "as plain Keras has them"


def test_a_session_that_was_not_started_has_nothing_to_join() -> None:
    assert Session(table_job(build_table_model, settings())).join(0)
