"""What the diagnosis needs to know and what does not change during a run: data, model, how the run was started."""

from __future__ import annotations

import msgspec


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of data and model before the first epoch. None: not known, or without meaning here."""

    job: str
    """What a command line calls the job, such as `mnist`."""
    options: dict[str, str] | None = None
    """See `Job.options`."""
    training_samples: int
    """0: not known."""
    validation_samples: int
    """0: there is no validation."""
    train_subset: int = msgspec.field(default=0, name="training_part")
    """Training samples scored at the end of each epoch; 0: none."""
    classes: int | None = None
    """C; None for a task without classes."""
    training_counts: tuple[int, ...] | None = None
    """Samples of each class in the training set, in label order."""
    validation_counts: tuple[int, ...] | None = None
    class_names: tuple[str, ...] = ()
    labels_sorted: bool | None = None
    """Whether the training labels come in long blocks, as in a file sorted by class; None: not examined, as in batches
    of a dataset or generator, or too few to say."""
    duplicates: int | None = None
    """Validation samples that are also in the training set, inputs and label; None also where the data is too large to
    compare (`row_blocks.MAX_BYTES`)."""
    features: int | None = None
    """Numbers in one sample."""
    input_axes: int | None = None
    """Axes of one sample: 1 for a row of a table, 3 for a color image."""
    scales_inputs: bool = False
    """Whether the model scales or embeds its inputs itself: Rescaling, Normalization, Embedding or similar."""
    constant_features: int | None = None
    """How many features are the same in every training sample; None also where not all samples were read."""
    constant_names: tuple[str, ...] = ()
    """Names of a few of them; empty where they have none."""
    largest_scale: float | None = None
    """Largest standard deviation of a feature over the training set."""
    smallest_scale: float | None = None
    """Smallest standard deviation of a feature that is not constant."""
    largest_mean: float | None = None
    """Largest absolute mean of a feature over the training set."""
    largest_value: float | None = None
    """Largest absolute value in the training inputs; of a very large set, in the samples that were read."""
    smallest_value: float | None = None
    """Smallest value in the training inputs, in the same samples."""
    non_finite_values: int | None = None
    """NaN and infinite numbers in the inputs, training and validation; of very large sets, at least this many."""
    non_finite_targets: int | None = None
    """NaN and infinite numbers in the targets, training and validation; of very large sets, at least this many."""
    non_finite_parts: dict[str, int] = {}
    """The same numbers by where they are, such as `training inputs` or `validation sample weights`; only those above
    0."""
    label_columns: int | None = None
    """Columns of the training labels; 1 for class numbers."""
    one_hot: bool | None = None
    """Whether each row of labels has a single 1 and 0 elsewhere."""
    output_units: int | None = None
    output_activation: str = ""
    """Keras's name, such as `softmax`; empty where not known."""
    loss: str = ""
    """Keras's name, such as `categorical_crossentropy`; empty where not known."""
    from_logits: bool = False
    """Whether the loss turns the outputs into probabilities itself."""
    parameters: int = 0
    hidden_units: tuple[int, ...] = ()
    """Widths of the hidden layers where known; empty: not known or none."""
    optimizer: str = ""
    chance_loss: float | None = None
    """Loss of always predicting the class frequencies of the validation set, in nats: their entropy; None where the
    loss is not a cross-entropy."""
    failed_checks: tuple[str, ...] = ()
    """Checks of the data that raised, each as `name (reason)`: what they would have found is not known."""
