"""What to train: a model builder, data and default settings. A preset is a named job.

Keras is not imported here. `load` and `build` run in the training thread, after TensorFlow has been imported there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The hyper-parameters a job starts with. Ranges are checked where they enter, by `knobs.catalogue`."""

    epochs: int
    batch_size: int
    learning_rate: float
    units: tuple[int, ...]
    """Width of each hidden layer, first to last; empty for none."""
    optimizer: str = "adam"
    """A name Keras knows, such as `adam`, `sgd`, `rmsprop`."""
    dropout: float | None = None
    """Rate of a Dropout layer after each hidden layer; None: no such layer; 0: one whose rate can be raised."""
    l1: float = 0.0
    l2: float = 0.0
    seed: int = 0
    """Seed of the weights, the dropout and the order of samples; in 0..2**32 - 1."""
    threshold: float = 0.5
    """Two classes: the answer is 1 only if p > threshold. In [0, 1]."""
    jit: bool | None = None
    """Compile the steps with XLA; None: Keras's `auto`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """What to train on and to validate with; n and m samples.

    `x` and `y` may be one array or, for models with several inputs or outputs, a tuple, list or dict of arrays, as in
    `keras.Model.fit`. `x` and `x_validation` may also yield batches `(inputs, targets)`, `(inputs, targets, sample
    weights)` or `inputs`: a batched `tf.data.Dataset`, a `keras.utils.PyDataset`, a generator or another iterable. Then
    targets and sample weights are None. The model is trained on such batches in their order, as in
    `fit(shuffle=False)`; validation batches are read once, before the training.
    """

    x: Any
    """(n, …) inputs, or batches."""
    y: Any = None
    """(n, …) targets; None: the model's own `train_step` needs none."""
    sample_weight: Any = None
    """(n,) or None."""
    class_weight: Mapping[int, float] | None = None
    """Weight of each class in the training loss, as in `fit`; None: all count the same."""
    x_validation: Any = None
    """(m, …) inputs; None: nothing is validated."""
    y_validation: Any = None
    sample_weight_validation: Any = None
    class_names: tuple[str, ...] = ()
    """Names of the classes in label order; empty when there are none."""
    feature_names: tuple[str, ...] = ()
    """Names of the columns of a table; empty when there are none."""
    x_validation_original: Any = None
    """(m, …) the validation inputs in natural units, before scaling; None: as `x_validation`."""
    notes: tuple[str, ...] = ()
    """What the user must know about this data, a sentence each; shown in the header and on stderr."""
    steps_per_epoch: int | None = None
    """Batches per epoch if `x` yields batches; the next epoch continues after them. None: all."""
    validation_steps: int | None = None
    """Batches to validate with if `x_validation` yields batches; None: all."""


ReportProgress = Callable[[str], None]
"""Called with a short text, such as `downloading 45%`, while data is being fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to train."""

    name: str
    settings: Settings
    load: Callable[[Settings, ReportProgress], TrainingData]
    """Fetches the data; raises DataError."""
    build: Callable[[Settings, TrainingData], keras.Model]
    """Returns a compiled model. Called after `keras.utils.set_random_seed(settings.seed)`."""
    options: Mapping[str, str] | None = None
    """The options of `fitmon <name>` that train the same, option → value without `--`, empty values for flags; None:
    the command line cannot start this job."""
