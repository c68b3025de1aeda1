"""What fits on the device."""

import numpy as np

from fitmon.engine.data.device_memory import array_bytes, fits_on_device


def test_what_fits_on_the_device_is_a_question_of_bytes() -> None:
    assert fits_on_device(1000)
    assert not fits_on_device(2**60)


def test_arrays_of_all_inputs_targets_and_weights_count() -> None:
    assert array_bytes(({"a": np.zeros(3, np.float32), "b": [1.0, 2.0]}, np.zeros(5, np.uint8), None)) == 12 + 16 + 5
