"""What a person needs of the log is told from what TensorFlow says at every start."""

import pytest

from fitmon.tui.log_filter import is_harmless, needed

HARMLESS = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795835129.300118    2539 port.cc:153] oneDNN custom operations are on. You may see slightly",
    "I0000 00:00:1795835129.300593    2539 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU",
    "I0000 00:00:1795835129.395850    2539 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use",
    "To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild TensorFlow with the",
    "E0000 00:00:1795835133.172681    2539 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error:",
    "I0000 00:00:1795835133.589804    2547 service.cc:153] XLA service 0x7f7d9002f8b0 initialized for platform",
    "I0000 00:00:1795835133.846770    2547 device_compiler.h:208] Compiled cluster using XLA!",
    "2026-11-28 03:05:29.300118: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
    "2025-01-28 03:05:29.300118: W tensorflow/utils.cc:38] TF-TRT Warning: Could not find TensorRT",
    "E0000 00:00:1737000000.123456   12345 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to",
    "W0000 00:00:1737000000.123456   12345 computation_placer.cc:177] computation placer already registered.",
    "E0000 00:00:1795812953.845111    2888 util.cc:131] oneDNN supports DT_HALF only on platforms with AVX-512.",
    "",
)
"""Some are cut short."""
NEEDED = (
    "printed by the model",
    "W0000 00:00:1795835133.172681    2539 bfc_allocator.cc:310] Allocator (GPU_0_bfc) ran out of memory",
    "E0000 00:00:1795835133.172681    2539 executor.cc:1] CUDA_ERROR_ILLEGAL_ADDRESS",
    "2026-11-28 03:05:29.300118: W tensorflow/core/framework/op_kernel.cc:1] Check failed",
    "UserWarning: Do not pass an `input_shape` argument to a layer.",
    "I think this is fine",
    "ValueError: could not find the file",
)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_tensorflow_always_says_is_harmless(line: str) -> None:
    assert is_harmless(line)


@pytest.mark.parametrize("line", NEEDED)
def test_prints_warnings_and_errors_are_needed(line: str) -> None:
    assert not is_harmless(line)


def test_the_order_stays() -> None:
    assert needed([NEEDED[0], *HARMLESS, NEEDED[1]]) == [NEEDED[0], NEEDED[1]]
