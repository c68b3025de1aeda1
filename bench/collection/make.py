"""Trains recipes and writes what was recorded: `python -m bench.collection.make SEED [all | NAME …]`.

Without a name, recipes without a recording for this seed are trained; a name selects all that start with it. The others
keep their recordings. All are labelled again.
"""

from __future__ import annotations

import sys
import time

from bench.collection.labels import labelled
from bench.collection.recipes import RECIPES
from bench.collection.recording import Recording, path_of, read_collection, write_collection
from bench.collection.tables import DEALER
from bench.collection.train import record


def main() -> None:
    """Read seed and names from the command line."""
    DEALER.seed, wanted = int(sys.argv[1]), sys.argv[2:]
    path = path_of(DEALER.seed)
    kept = {recording.name: recording for recording in read_collection(DEALER.seed)} if path.exists() else {}
    for recipe in RECIPES:
        if recipe.name not in kept or wanted == ["all"] or any(recipe.name.startswith(name) for name in wanted):
            since = time.perf_counter()
            kept[recipe.name] = _report(record(recipe), since)
            _write(kept)
    _write(kept)
    print(f"{len(RECIPES)} runs, {path.stat().st_size / 1e6:.2f} MB")


def _write(kept: dict[str, Recording]) -> None:
    runs = [(recipe, kept[recipe.name]) for recipe in RECIPES if recipe.name in kept]
    write_collection(labelled(runs), DEALER.seed)


def _report(recording: Recording, since: float) -> Recording:
    truth, seconds = recording.truth, time.perf_counter() - since
    accuracy = truth.accuracies[-1] if truth.accuracies else float("nan")
    print(f"{recording.name}: {seconds:.1f} s, {recording.epochs_done} epochs, rise {truth.rise:.4g}, {accuracy:.3f}")
    return recording


if __name__ == "__main__":
    main()
