"""The learning rate: the optimizer's own variable, or a schedule times a factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fitmon.engine.keras_internals import learning_rate_schedule
from fitmon.engine.values import KnobOffer, shortest

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from fitmon.engine.knobs.saved_knobs import SavedKnobs


class Applied:
    """Detects whether the traced step updates weights through an optimizer at all.

    A custom step may use other optimizers and leave the model's idle; a receipt for its rate would then be false.
    """

    def __init__(self, optimizer: Any) -> None:
        """Wrap the optimizer's public `apply`, through which every update goes, until `restore`."""
        self._optimizer = optimizer
        self.used = False
        apply = optimizer.apply

        def detecting_apply(*args: Any, **kwargs: Any) -> Any:
            self.used = True
            return apply(*args, **kwargs)

        object.__setattr__(optimizer, "apply", detecting_apply)

    def restore(self) -> None:
        """Remove the wrapper."""
        self._optimizer.__dict__.pop("apply", None)


class LearningRateKnob:
    """Changes the rate of an optimizer that was built with a number."""

    def __init__(self, optimizer: Any) -> None:
        """Take the optimizer, or the LossScaleOptimizer that wraps it and forwards the rate."""
        self._optimizer = optimizer
        self._applied = Applied(optimizer)

    def offers(self) -> list[KnobOffer]:
        """Return the knob, and why there is no factor."""
        rate = float(str(self._optimizer.learning_rate.numpy()))
        no_factor = "this optimizer has no schedule; change learning_rate instead"
        return [
            KnobOffer(name="learning_rate", value=rate),
            KnobOffer(name="learning_rate_factor", value=None, unavailable=no_factor),
        ]

    def turn(self, name: str, value: float) -> bool:  # noqa: ARG002 - one knob only
        """Set the rate; the compiled step reads the variable every time, so nothing is traced again."""
        self._optimizer.learning_rate = value
        return False

    def readings(self) -> dict[str, tf.Tensor]:
        """Return the rate that the compiled step uses, if any; called while it is traced."""
        import tensorflow as tf

        if not self._applied.used:
            return {}
        return {"learning_rate": tf.convert_to_tensor(self._optimizer.learning_rate)}

    def saved(self) -> dict[str, Any]:
        """Return nothing: the rate is a variable of the optimizer."""
        return {}

    def load(self, saved: SavedKnobs) -> bool:  # noqa: ARG002 - as every knob
        """Change nothing."""
        return False

    def seeds(self) -> list[Any]:
        """Return nothing: no random numbers are drawn."""
        return []

    def write(self) -> Callable[[], object]:
        """Change nothing: the optimizer saves its variable."""
        return lambda: None

    def restore(self) -> None:
        """Leave the optimizer as plain Keras expects it, with a plain number."""
        self._applied.restore()


class ScheduleKnob:
    """Scales a learning-rate schedule: the step uses schedule × factor."""

    def __init__(self, optimizer: Any, schedule: Any) -> None:
        """Replace the schedule by schedule × factor; a factor of 1 changes nothing, to the last bit."""
        import tensorflow as tf

        self._optimizer = optimizer
        self._applied = Applied(optimizer)
        self._schedule = schedule
        self._factor = tf.Variable(1.0, dtype=tf.float32, trainable=False)
        optimizer.learning_rate = _scaled(schedule, self._factor)

    def offers(self) -> list[KnobOffer]:
        """Return the factor as a knob, and the rate as one that only the schedule sets."""
        rate = float(str(self._optimizer.learning_rate.numpy()))
        follows = "the learning rate follows a schedule; change learning_rate_factor instead"
        return [
            KnobOffer(name="learning_rate", value=rate, unavailable=follows),
            KnobOffer(name="learning_rate_factor", value=float(str(self._factor.numpy()))),
        ]

    def turn(self, name: str, value: float) -> bool:  # noqa: ARG002 - one knob only
        """Set the factor; nothing is traced again."""
        self._factor.assign(value)
        return False

    def readings(self) -> dict[str, tf.Tensor]:
        """Return rate and factor as the compiled step uses them, if it does; called while it is traced."""
        import tensorflow as tf

        if not self._applied.used:
            return {}
        return {
            "learning_rate": tf.convert_to_tensor(self._optimizer.learning_rate),
            "learning_rate_factor": tf.convert_to_tensor(self._factor),
        }

    def saved(self) -> dict[str, Any]:
        """Return the factor."""
        return {"learning_rate_factor": shortest(self._factor.numpy())}

    def load(self, saved: SavedKnobs) -> bool:
        """Set the saved factor; nothing is traced again."""
        self._factor.assign(saved.learning_rate_factor)
        return False

    def seeds(self) -> list[Any]:
        """Return nothing: no random numbers are drawn."""
        return []

    def write(self) -> Callable[[], object]:
        """Give the optimizer its own schedule without the factor, which a Keras file cannot store."""
        scaled = learning_rate_schedule(self._optimizer)
        self._optimizer.learning_rate = self._schedule
        return lambda: setattr(self._optimizer, "learning_rate", scaled)

    def restore(self) -> None:
        """Give the optimizer its own schedule back, so that plain Keras can load what is saved."""
        self._applied.restore()
        self._optimizer.learning_rate = self._schedule


class FixedRate:
    """The rate of an optimizer that cannot be changed."""

    def __init__(self, reason: str) -> None:
        """Take the reason, which the user is shown."""
        self._reason = reason

    def offers(self) -> list[KnobOffer]:
        """Return both knobs as unavailable."""
        names = ("learning_rate", "learning_rate_factor")
        return [KnobOffer(name=name, value=None, unavailable=self._reason) for name in names]

    def turn(self, name: str, value: float) -> bool:
        """Never called: the session refuses knobs that are not offered."""
        raise AssertionError(name, value)

    def readings(self) -> dict[str, tf.Tensor]:
        """Return an empty dict."""
        return {}

    def saved(self) -> dict[str, Any]:
        """Return nothing: nothing can be changed."""
        return {}

    def load(self, saved: SavedKnobs) -> bool:  # noqa: ARG002 - as every knob
        """Change nothing."""
        return False

    def seeds(self) -> list[Any]:
        """Return nothing: no random numbers are drawn."""
        return []

    def write(self) -> Callable[[], object]:
        """Change nothing."""
        return lambda: None

    def restore(self) -> None:
        """Nothing was changed."""


def learning_rate_knob(model: keras.Model) -> LearningRateKnob | ScheduleKnob | FixedRate:
    """Return the knob that fits the model's optimizer."""
    import keras

    optimizer = model.optimizer
    if optimizer is None:
        return FixedRate("this model was compiled without an optimizer")
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = learning_rate_schedule(inner)
    if schedule is not None:
        return ScheduleKnob(inner, schedule)
    if isinstance(inner.learning_rate, keras.Variable):
        return LearningRateKnob(optimizer)
    return FixedRate("this optimizer computes its learning rate with a custom function")


def _scaled(schedule: Any, factor: tf.Variable) -> Any:
    import keras
    import tensorflow as tf

    class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
        def __call__(self, step: Any) -> tf.Tensor:
            rate = tf.convert_to_tensor(schedule(step))
            return rate * tf.cast(factor, rate.dtype)

        def get_config(self) -> dict[str, Any]:
            raise NotImplementedError("fitmon's schedule is removed before a model is saved")

    return ScaledSchedule()
