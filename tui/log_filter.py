"""Tells the lines of TensorFlow's log that a person needs from those that it prints at every start. Pure."""

import re
from collections.abc import Iterable

_INFORMATION = re.compile(
    r"I\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+:\d+\] "  # glog: I0000 00:00:1795835129.300118    2539 port.cc:153]
    r"|I0000 00:00:\d+\.\d+\s+\d+ \S+:\d+\] "
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: I \S+:\d+\] "  # 2026-11-28 03:05:29.300118: I tensorflow/...cc:153]
)
_HARMLESS = re.compile(
    r"WARNING: All log messages before absl::InitializeLog\(\)"
    r"|To enable the following instructions: "
    r"|Could not find cuda drivers on your machine"
    r"|failed call to cuInit"
    r"|Unable to register cu(DNN|FFT|BLAS) factory"
    r"|computation_placer\.cc:\d+\] computation placer already registered"
    r"|oneDNN (custom operations are on|supports DT_\w+ only on platforms)"
    r"|cpu_feature_guard\.cc"
    r"|TF-TRT Warning: Could not find TensorRT"
    r"|XLA service 0x\w+ initialized"
    r"|StreamExecutor (device )?[\[(]\d+[\])]:"
    r"|Compiled cluster using XLA!"
    r"|disabling MLIR crash reproducer"
    r"|could not open file to read NUMA node"
    r"|successful NUMA node read from SysFS had negative value"
    r"|Loaded cuDNN version"
    r"|gpu_timer\.cc:\d+\] Skipping the delay kernel"
)


def is_harmless(line: str) -> bool:
    """Return whether a line tells a person nothing: what TensorFlow logs as information, and what it always says."""
    return not line.strip() or _INFORMATION.match(line) is not None or _HARMLESS.search(line) is not None


def needed(lines: Iterable[str]) -> list[str]:
    """Return the lines that a person may need: what the model prints, warnings and errors."""
    return [line for line in lines if not is_harmless(line)]
