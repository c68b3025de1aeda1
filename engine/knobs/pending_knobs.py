"""The knobs of a run: which changes wait, when they turn, and the receipts that prove it.

The model's own knobs are turned through the panel; batch size and number of epochs are the loop's and kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import knob_named
from fitmon.engine.values import KnobOffer, KnobValue

if TYPE_CHECKING:
    from fitmon.engine.knobs.model_knobs import ModelKnobs


class PendingKnobs:
    """Takes requests at any time and turns the knobs between epochs."""

    def __init__(
        self,
        model_knobs: ModelKnobs,
        *,
        epochs: int,
        batch_size: int,
        emit: Callable[[events.Event], None],
        batch_size_fixed: str = "",
    ) -> None:
        """Begin with the values a run starts with; `batch_size_fixed` says why the data's own batches are kept."""
        self._model_knobs = model_knobs
        self._emit = emit
        self.epochs = epochs
        """Number of epochs the run is to have."""
        self.batch_size = batch_size
        """Samples in a batch; may exceed the number of samples there are. Where the data makes its own batches, the
        length of those once the first chunk has shown it."""
        self._batch_size_fixed = batch_size_fixed
        self._waiting: dict[tuple[int, str], SetKnob] = {}
        self._turned: dict[str, tuple[SetKnob, KnobValue]] = {}
        self._values = {offer.name: offer.value for offer in self.offers()}

    def offers(self) -> tuple[KnobOffer, ...]:
        """Return every knob with its present value, or with the reason why this run lacks it."""
        return (
            *self._model_knobs.offers(),
            self._batch_size_offer(),
            KnobOffer(name="epochs", value=self.epochs),
        )

    def _batch_size_offer(self) -> KnobOffer:
        fixed = self._batch_size_fixed
        return KnobOffer(name="batch_size", value=None if fixed else self.batch_size, unavailable=fixed)

    def values(self) -> dict[str, KnobValue]:
        """Return the values in force, as the last chunk read them back."""
        return {**self._values, "epochs": self.epochs}

    @property
    def turned(self) -> bool:
        """Whether knobs were turned and no chunk has read them back since."""
        return bool(self._turned)

    @property
    def waiting(self) -> tuple[SetKnob, ...]:
        """The changes that wait, in the order in which they were asked for."""
        return tuple(self._waiting.values())

    def restore(
        self,
        epochs_done: int,
        *,
        epochs: int,
        batch_size: int,
        values: Mapping[str, KnobValue],
        waiting: Iterable[SetKnob],
    ) -> None:
        """Return to a checkpoint whose model knobs are restored already.

        Args:
            epochs_done: epochs trained to their end by then.
            epochs: that the run was to have.
            batch_size: then.
            values: in effect then, as the last chunk read them back.
            waiting: changes that waited for their epoch.
        """
        self.epochs, self.batch_size = epochs, batch_size
        self._turned, self._waiting = {}, {}
        self._values = {offer.name: offer.value for offer in self.offers()} | dict(values)
        for change in waiting:
            epoch = epochs_done + 1 if change.epoch is None else change.epoch
            self._waiting[epoch, change.knob] = msgspec.structs.replace(change, epoch=epoch)

    def forget_waiting(self) -> None:
        """Drop the changes that wait, without a word: they are of another branch."""
        self._waiting = {}

    def tell_waiting(self) -> None:
        """Tell again of every change that waits."""
        for change in self.waiting:
            self._tell_asked(change)

    def check(self, changes: Mapping[str, float]) -> None:
        """Raise UsageError for the first of several changes that this run could not be given."""
        for knob, value in changes.items():
            self._check_offered(knob, value)

    def answer(self, request: SetKnob, epoch: int) -> None:
        """Put a change on the list for its epoch, or refuse it; `epoch` is the last one that has begun."""
        wanted_epoch = epoch + 1 if request.epoch is None else request.epoch
        try:
            self._check(request, epoch, wanted_epoch)
        except UsageError as error:
            self._refuse(request.knob, request.value, str(error))
            return
        replaced = self._waiting.get((wanted_epoch, request.knob))
        if replaced is not None:
            self._refuse(request.knob, replaced.value, "replaced by a later request", wanted_epoch)
        self._waiting[wanted_epoch, request.knob] = change = msgspec.structs.replace(request, epoch=wanted_epoch)
        self._tell_asked(change)

    def _tell_asked(self, change: SetKnob) -> None:
        self._emit(
            events.KnobAsked(knob=change.knob, value=change.value, epoch=change.epoch or 0, because=change.because)
        )

    def turn_epochs(self, epoch: int) -> None:
        """Change the number of epochs if asked, before it is decided whether `epoch` is still one of them."""
        asked = self._waiting.pop((epoch, "epochs"), None)
        if asked is None:
            return
        previous, self.epochs = self.epochs, int(asked.value)
        self._tell_applied(asked, self.epochs, previous, epoch)
        self._refuse_what_cannot_come()

    def turn(self, epoch: int) -> bool:
        """Turn the knobs due at an epoch; return whether the compiled step must be traced again to see it."""
        retrace = False
        for knob in [knob for at, knob in self._waiting if at == epoch]:
            change = self._waiting.pop((epoch, knob))
            self._turned[knob] = (change, self._values.get(knob))
            if knob == "batch_size":
                self.batch_size = int(change.value)
            else:
                retrace |= self._model_knobs.turn(knob, change.value)
        return retrace

    def read_back(self, readings: Mapping[str, KnobValue], epoch: int, *, first_chunk: bool) -> tuple[str, ...]:
        """Take what a chunk read from the compiled step; emit receipts for the knobs changed before it.

        Only the first chunk of an epoch shows the batch size: the last one may hold nothing but the short last batch.
        Returns the names of the knobs that have a receipt now.
        """
        length = {} if first_chunk else {"batch_size": self._values["batch_size"]}
        self._values = {**self._values, **readings, **length}
        if self._batch_size_fixed and isinstance(seen := self._values["batch_size"], int):
            self.batch_size = seen
        changed, self._turned = self._turned, {}
        for knob, (asked, previous) in changed.items():
            if knob in readings:
                self._tell_applied(asked, readings[knob], previous, epoch)
            else:
                self._refuse(knob, asked.value, f"this model's training does not pass through its {knob}", epoch)
        return tuple(knob for knob in changed if knob in readings)

    def _tell_applied(self, asked: SetKnob, value: KnobValue, previous: KnobValue, epoch: int) -> None:
        self._emit(
            events.KnobApplied(
                knob=asked.knob,
                asked=asked.value,
                value=value,
                previous=previous,
                epoch=epoch,
                step=1,
                because=asked.because,
            )
        )

    def close(self, unanswered: Iterable[SetKnob]) -> None:
        """Refuse everything that waits or was not answered yet, because the run is over."""
        for request in unanswered:
            self._refuse(request.knob, request.value, "the run was over before it could be looked at")
        for (epoch, knob), change in list(self._waiting.items()):
            self._refuse(knob, change.value, f"the run ended before epoch {epoch}", epoch)
        self._waiting = {}

    def _refuse(self, knob: str, value: float, reason: str, epoch: int | None = None) -> None:
        self._emit(events.KnobRefused(knob=knob, value=value, reason=reason, epoch=epoch))

    def _refuse_what_cannot_come(self) -> None:
        last = self._last_epoch()
        for epoch, knob in [key for key in self._waiting if key[0] > last + (key[1] == "epochs")]:
            self._refuse(knob, self._waiting.pop((epoch, knob)).value, f"the run now ends with epoch {last}", epoch)

    def _check_offered(self, knob: str, value: float) -> None:
        knob_named(knob).check(value)
        offer = next(offer for offer in self.offers() if offer.name == knob)
        if offer.unavailable:
            raise UsageError(f"{knob} cannot be changed: {offer.unavailable}.")

    def _check(self, request: SetKnob, epoch: int, wanted_epoch: int) -> None:
        self._check_offered(request.knob, request.value)
        if wanted_epoch <= epoch:
            raise UsageError(f"Expected an epoch after {epoch}, which has begun; received {wanted_epoch}.")
        last = self._last_epoch()
        # A change of epochs may come right behind the last one, before the run ends.
        if wanted_epoch > last + (request.knob == "epochs"):
            raise UsageError(f"There is no epoch {wanted_epoch}: the run ends with epoch {last}. Raise epochs first.")
        if request.knob == "epochs" and request.value < wanted_epoch - 1:
            raise UsageError(f"Expected at least {wanted_epoch - 1} epochs, since that many are done by then.")

    def _last_epoch(self) -> int:
        """Return the last epoch there will be, waiting changes that will be reached taken into account."""
        last = self.epochs
        for epoch, knob in sorted(self._waiting):
            if knob == "epochs" and epoch <= last + 1:
                last = int(self._waiting[epoch, knob].value)
        return last
