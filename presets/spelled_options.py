"""Writes a job's settings as command-line options, leaving out its preset's defaults."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fitmon.engine.job import Settings


def spelled_options(settings: Settings, defaults: Settings, **data: str | None) -> dict[str, str]:
    """Return option → value, without `--`; a flag has an empty value.

    Args:
        settings: of the job.
        defaults: of its preset.
        data: options that choose the data; None: not given.
    """
    default = asdict(defaults)
    changed = {name: value for name, value in asdict(settings).items() if value != default[name]}
    jit = changed.pop("jit", None)
    spelled = {name.replace("_", "-"): _spelled(value) for name, value in changed.items()}
    flags = {} if jit is None else {"jit" if jit else "no-jit": ""}
    return {name: value for name, value in data.items() if value is not None} | spelled | flags


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else str(value).removesuffix(".0")
