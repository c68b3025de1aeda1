"""What the engine finds out of the machine it runs on."""

import os

import pytest

from fitmon.engine.environment import device_name


@pytest.mark.parametrize(("cores", "shown"), [(6, "CPU (6 threads)"), (1, "CPU (1 thread)"), (None, "CPU (1 thread)")])
def test_without_the_cores_of_the_process_those_of_the_machine_are_counted(
    cores: int | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_logical_devices", lambda _kind: [])
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 0)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert device_name() == shown
