"""Ready jobs: the models and data of well-known tutorials, trained by name.

Listing the names imports no preset, Keras or numpy. To add one, write `presets/<name>.py` with a constant
`PRESET` (`preset.py` shows one in full) and add a row to `PRESETS`.
"""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, cast

from fitmon.engine.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitmon.presets.preset import Preset

PRESETS: dict[str, tuple[str, str]] = {
    "mnist": ("Handwritten digits: 60,000 training and 10,000 test images, 10 classes.", "fitmon.presets.mnist"),
    "iris": ("Iris flowers: 150 samples, 4 measurements, 3 classes.", "fitmon.presets.iris"),
    "binary": (
        "A noisy table: 20,000 samples, 30 features, 2 classes; or breast cancer.",
        "fitmon.presets.binary",
    ),
}
"""Name → (description in one sentence, module)."""


def preset_named(name: str, *, other_words: Iterable[str] = ()) -> Preset:
    """Return the preset of that name, or raise UsageError with a suggestion.

    Args:
        name: as in `PRESETS`.
        other_words: the other words that are valid where the name was typed.
    """
    if name not in PRESETS:
        words = [*PRESETS, *other_words]
        raise UsageError(f"Expected one of {', '.join(words)}; received {name!r}.{_suggestion(name, words)}")
    _, module_name = PRESETS[name]
    return cast("Preset", importlib.import_module(module_name).PRESET)


def _suggestion(name: str, words: list[str]) -> str:
    nearest = difflib.get_close_matches(name.lower(), words, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""
