"""Draws what a run is trained with: its knobs at the start and now, its data, its model and the software."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from fitmon.engine.events import RunStarted
from fitmon.engine.facts import Facts
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.text.sentences import knob_name

Field = tuple[str, str]
"""A name and a value."""

MAX_NAME_WIDTH = 20
"""In cells; longer names, as of environment variables, are clipped."""


def draw_run_settings(snapshot: Snapshot, width: int) -> list[Row]:
    """Return the settings in rows of at most `width` + 1 cells; empty until data and model are ready."""
    started = snapshot.started
    if started is None:
        return []
    sections = {
        "settings": _knobs(snapshot, started),
        "data": _data(started),
        "model and training": _training(started),
    }
    longest = max(cell_len(name) for fields in sections.values() for name, _ in fields)
    names, rows = min(MAX_NAME_WIDTH, longest) + 2, []
    for title, fields in sections.items():
        rows += [row((f" {title}", Role.STRONG)), *_lines(fields, names, width), row()]
    return rows[:-1]


def _lines(fields: list[Field], names: int, width: int) -> Iterator[Row]:
    for name, value in fields:
        first, *more = form.wrap(value, max(8, width - names - 2), indent="") or [""]
        yield row((f"   {form.clip(name, names).ljust(names)}", Role.FAINT), first)
        yield from (row(f"   {'':{names}}{line}") for line in more)


def _knobs(snapshot: Snapshot, started: RunStarted) -> list[Field]:
    """Return the knobs that the run has, with their value at the start if it is another one now."""
    at_start = {offer.name: offer.value for offer in started.knobs}
    fields = []
    for knob in snapshot.knobs:
        if knob.value is not None:
            before = at_start.get(knob.name)
            changed = f"   {form.knob_value(before)} at the start" if before not in {None, knob.value} else ""
            fields.append((knob_name(knob.name), f"{form.knob_value(knob.value)}{changed}"))
    return fields


def _data(started: RunStarted) -> list[Field]:
    unknown = "not known"
    fields = [("training samples", form.count(started.training_samples) if started.training_samples else unknown)]
    if started.validation_samples:
        fields.append(("validation samples", form.count(started.validation_samples)))
    facts = started.facts
    if isinstance(facts, Facts) and facts.features:
        fields.append(("values per sample", form.count(facts.features)))
    if started.class_names:
        fields.append(("classes", ", ".join(form.clean(name) for name in started.class_names)))
    return fields + [("note", form.clean(note)) for note in started.notes]


def _training(started: RunStarted) -> list[Field]:
    facts = started.facts
    known = [("optimizer", facts.optimizer), ("loss", facts.loss)] if isinstance(facts, Facts) else []
    fields = [(name, form.clean(value)) for name, value in known if value]
    fields += [
        ("parameters", form.count(started.parameters)),
        ("seed", f"{started.seed}"),
        ("device", form.clean(started.device) + (", compiled with XLA" if started.jit else "")),
    ]
    fields += [(form.clean(name), form.clean(version)) for name, version in started.versions.items()]
    return fields + [(form.clean(name), form.clean(value)) for name, value in started.flags.items()]
