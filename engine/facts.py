"""What the diagnosis needs to know and what does not change during a run: data, model, how the run was started."""

from __future__ import annotations

import msgspec


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the training set and the validation set differ in one thing."""

    what: str
    """What is compared, such as `feature 3`, `column age`, `the inputs` or `the targets`."""
    training_mean: float
    training_scale: float
    """Standard deviation."""
    training_low: float
    training_high: float
    validation_mean: float
    validation_scale: float
    validation_low: float
    validation_high: float
    training_zeros: float
    """Share of values that are 0, in [0, 1]."""
    validation_zeros: float
    training_missing: float = 0.0
    """Share of values that are NaN, in [0, 1]."""
    validation_missing: float = 0.0
    distance: float
    """Kolmogorov and Smirnov's, in [0, 1]: the largest difference between the two cumulative distributions."""


class OutputFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of a model's several outputs; the fields mean what those of `Facts` do."""

    name: str
    """As Keras reports its loss."""
    loss: str
    from_logits: bool = False
    output_units: int | None = None
    output_activation: str = ""
    outputs_are: str = ""


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
    baseline_loss: float | None = msgspec.field(default=None, name="chance_loss")
    """The validation loss of the best prediction that does not look at the inputs, in nats for a cross-entropy; None:
    not known."""
    baseline: str = "class frequencies"
    """What predicts so: `class frequencies`, `mean`, `median`, `last value` (of a series) or `constant` (the best
    constant output, found by search)."""
    training_baseline_loss: float | None = None
    """The same of the training subset, without weights."""
    loss_floor: float = 0.0
    """The lowest loss that any prediction can have: above 0 where targets are soft, or smoothed by the loss."""
    has_floor: bool = True
    """Whether the loss cannot fall below 0, so that ratios of losses mean something."""
    training_weighted: bool = False
    """Whether class weights or sample weights are in Keras's training loss."""
    validation_weighted: bool = False
    """Whether sample weights are in the validation loss."""
    training_dtype: str = ""
    """Of the inputs, such as `float32`; empty: not known, or several."""
    validation_dtype: str = ""
    input_differences: tuple[Difference, ...] = ()
    """The features that differ most between training and validation, the largest difference first."""
    inputs_that_differ: int = 0
    """How many features differ so much."""
    target_difference: Difference | None = None
    """The same for numeric targets; None where they do not differ so much."""
    target_low: float | None = None
    """Smallest target of both sets; None where the targets are not examined."""
    target_high: float | None = None
    target_mean: float | None = None
    """Mean of the training targets where they are quantities, not classes."""
    target_scale: float | None = None
    """Their largest standard deviation of a column."""
    targets_are_whole: bool | None = None
    """Whether all targets are whole numbers."""
    target_rows_sum_to_one: bool | None = None
    """Whether each row of several columns of targets sums to 1, as one-hot rows do."""
    labels_each: int = 1
    """Labels of a sample: more than 1 for a label a pixel or a step. All counts are of labels."""
    label_shares: tuple[float, ...] = ()
    """Share of training samples that have each label, where a sample can have several."""
    padding_features: int = 0
    """Constant features that are all 0 and lie at an end of a sequence or at the border of an image."""
    chance_duplicates: float | None = None
    """Duplicates to expect if validation samples were drawn from the same few possible rows as training samples."""
    mode_layers: dict[str, int] = {}
    """Layers that behave differently in training and in inference, by class name; see `layers_with_modes`."""
    batch_norm_momentum: float | None = None
    """Largest momentum of a BatchNormalization layer that is trained."""
    weight_layers: tuple[str, ...] = ()
    """Names of the layers with a trainable kernel, in order."""
    hidden_activations: tuple[str, ...] = ()
    """The different activations of the hidden layers, such as `sigmoid`."""
    outputs_are: str = ""
    """What the outputs look like: `probabilities` or `logits`; empty: not known."""
    outputs: tuple[OutputFacts, ...] = ()
    """Of a model with several outputs; empty: it has one, or they are not known."""
    batch_label_agreement: float | None = None
    """Share of pairs within a batch that have the same label, in [0, 1], in the last whole epoch; None where the labels
    did not come in batches from outside, or are no classes."""
    epoch_label_agreement: float | None = None
    """The same for pairs of the whole epoch: what the batches of shuffled samples would have."""
    skipped_checks: tuple[str, ...] = ()
    """Checks that this data or model does not allow, each as `name (reason)`."""
    failed_checks: tuple[str, ...] = ()
    """Checks of the data that raised, each as `name (reason)`: what they would have found is not known."""
