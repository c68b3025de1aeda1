'''A preset: default settings, data sets and a model builder, from which a job is made.

A complete preset, here the wines of scikit-learn (178 samples, 13 features, three classes):

    """Wine: three cultivars distinguished by chemistry (UCI, CC BY 4.0)."""

    from fitmon.engine.job import ReportProgress, Settings, TrainingData
    from fitmon.presets.layers import build_classifier
    from fitmon.presets.preset import Preset
    from fitmon.presets.tables import split_table


    def _load(settings: Settings, report_progress: ReportProgress) -> TrainingData:
        from sklearn.datasets import load_wine

        return split_table(load_wine(), seed=settings.seed)


    DEFAULTS = Settings(epochs=50, batch_size=8, learning_rate=1e-3, units=(16,))
    PRESET = Preset(name="wine", settings=DEFAULTS, datasets={"wine": _load}, build=build_classifier)
'''

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitmon.engine.errors import UsageError
from fitmon.engine.job import Job, ReportProgress, Settings, TrainingData
from fitmon.presets.layers import has_dropout
from fitmon.presets.spelled_options import spelled_options

if TYPE_CHECKING:
    from pathlib import Path

    import keras

STRATIFIED = "stratified"

Load = Callable[[Settings, ReportProgress], TrainingData]
"""Loads the data of a job; see `Job.load`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named job without its final settings."""

    name: str
    settings: Settings
    """The defaults."""
    datasets: Mapping[str, Load]
    """The data sets it can be trained on, by name; the first is the default."""
    build: Callable[[Settings, TrainingData], keras.Model]
    """See `Job.build`."""
    splits: Mapping[str, Load] = field(default_factory=dict)
    """Other ways to choose the validation samples of the first data set, by name; the default is `stratified`."""
    has_dropout: Callable[[Settings], bool] = has_dropout
    """Whether the model that `build` makes of settings has Dropout layers; the default fits `build_classifier`."""
    load_file: Callable[[Path], Load] | None = None
    """Reads a user's file instead of the data sets; None: not supported."""
    require_file: Callable[[Path | None], None] | None = None
    """Raises DataError if the file to read is missing or unreadable: the user's own or, with None, the one named by the
    environment. Imports nothing heavy. None: there is nothing to check."""

    def job(
        self,
        settings: Settings | None = None,
        *,
        dataset: str | None = None,
        file: Path | None = None,
        split: str | None = None,
    ) -> Job:
        """Return the job to train.

        Args:
            settings: None: the defaults.
            dataset: a name in `datasets`; None: the first.
            file: the user's own data; None: the data set.
            split: a name in `splits`, or `stratified`, which is the same as None.

        Raises:
            UsageError: there is no such data set or split, or this preset reads no files.
            DataError: the file to read, the user's or the one named by the environment, is missing or unreadable.
        """
        load = self._load(dataset) if file is None else self._file_load(file)
        split = None if split == STRATIFIED else split
        if split is not None:
            load = self._split_load(split)
        if self.require_file is not None:
            self.require_file(file)
        settings, data = settings or self.settings, None if file is None else str(file)
        options = spelled_options(settings, self.settings, dataset=dataset, data=data, split=split)
        return Job(name=self.name, settings=settings, load=load, build=self.build, options=options)

    def _load(self, dataset: str | None) -> Load:
        name = next(iter(self.datasets)) if dataset is None else dataset
        if name not in self.datasets:
            raise UsageError(f"Expected the data set to be one of {', '.join(self.datasets)}; received {name!r}.")
        return self.datasets[name]

    def _split_load(self, split: str) -> Load:
        if split not in self.splits:
            raise UsageError(
                f"Expected the split to be one of {', '.join([STRATIFIED, *self.splits])}; received {split!r}."
            )
        return self.splits[split]

    def _file_load(self, file: Path) -> Load:
        if self.load_file is None:
            raise UsageError(f"{self.name} has its own data and reads no file; leave out {file}.")
        return self.load_file(file)
