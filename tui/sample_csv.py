"""Writes the listed validation samples to a CSV file, for a notebook or a spreadsheet."""

import csv
import math
import os
import re
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

from fitmon.engine.insight.observer import Observation
from fitmon.text.format import clean
from fitmon.tui.drawing.sample_facts import KIND_WORDS, SampleFacts, class_names_of, facts_of, name_of
from fitmon.tui.drawing.sample_order import Indices

MAX_RUN_NAME = 60
BLOCK = 65_536
"""Rows made at a time, so that memory does not grow with the list."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")


def csv_name(run: str, epoch: int) -> str:
    """Return the file name for a run's samples after an epoch, such as `fitmon-mnist-epoch3-samples.csv`."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", run)[:MAX_RUN_NAME] or "run"
    return f"fitmon-{plain}-epoch{epoch}-samples.csv"


def write_csv(path: Path, observation: Observation, threshold: float, indices: Indices, names: tuple[str, ...]) -> Path:
    """Write samples to a new file that only its owner may read; an existing file is never changed.

    One row per sample: `index` (zero-based in the validation set), `label` if a sample has several, `true`,
    `predicted`, `probability_true`, `margin`, `loss`, `change` (of p(true) since the previous epoch), `crossings`,
    `kind`. Undefined numbers are empty cells. Numbers have seven digits.

    Args:
        path: where to write; if that exists, `-2`, `-3` … is inserted before its suffix.
        observation: of n entries.
        threshold: in [0, 1], for `predicted`. `crossings` and `kind` are at the threshold of the run.
        indices: (m,) entries to write, in this order.
        names: of the classes, or of the labels if a sample has several; written as by `text_cell`.

    Returns:
        The path of the written file.

    Raises:
        OSError: the file could not be created or completely written; a partial file is removed.
    """
    written, descriptor = _new_file(path)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_rows(observation, threshold, indices, names))
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    return written


def _new_file(path: Path) -> tuple[Path, int]:
    free, number = path, 1
    while True:
        try:
            return free, os.open(free, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            number += 1
            free = path.with_name(f"{path.stem}-{number}{path.suffix}")


def _rows(
    observation: Observation, threshold: float, indices: Indices, names: tuple[str, ...]
) -> Iterator[Iterable[Any]]:
    has_labels = observation.scores.labels > 1
    yield (
        *(("index", "label") if has_labels else ("index",)),
        *("true", "predicted", "probability_true", "margin", "loss", "change", "crossings", "kind"),
    )
    cells = tuple(map(text_cell, names))
    for start in range(0, len(indices), BLOCK):
        facts = facts_of(observation, threshold, indices[start : start + BLOCK])
        yield from zip(*_columns(facts, class_names_of(observation, cells), cells), strict=False)


def _columns(facts: SampleFacts, class_cells: tuple[str, ...], label_cells: tuple[str, ...]) -> list[Iterable[Any]]:
    answers = zip(facts.answers.tolist(), facts.is_number.tolist(), strict=True)
    columns: list[Iterable[Any]] = [
        facts.samples.tolist(),
        (name_of(class_cells, number) for number in facts.true_class.tolist()),
        (name_of(class_cells, answer) if is_number else "" for answer, is_number in answers),
        _numbers(facts.probability_true),
        _numbers(facts.margin),
        _numbers(facts.losses),
        _numbers(facts.changes),
        repeat("") if facts.crossings is None else facts.crossings.tolist(),
        repeat("") if facts.kinds is None else (KIND_WORDS[kind] for kind in facts.kinds.tolist()),
    ]
    if facts.labels is not None:
        columns.insert(1, (name_of(label_cells, number) for number in facts.labels.tolist()))
    return columns


def _numbers(values: Any) -> Iterable[str]:
    if values is None:
        return repeat("")
    return ("" if math.isnan(value) else f"{value:.7g}" for value in values.tolist())


def text_cell(name: str) -> str:
    """Return a name from the data as a cell: without control characters, and never a formula for a spreadsheet.

    A name that starts with `=`, `+`, `-` or `@` (leading blanks aside) and is no number gets an apostrophe in front.
    See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    cleaned = clean(name)
    return f"'{cleaned}" if _FORMULA.match(cleaned) and not _NUMBER.fullmatch(cleaned) else cleaned
