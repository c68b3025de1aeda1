"""The knobs of a run: which changes are pending, when they apply, and the receipts that prove it.

The model's own knobs are changed through `ModelKnobs`; batch size and number of epochs belong to the loop and are kept
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import UsageError
from fitmon.engine.events import KnobApplied
from fitmon.engine.knobs.catalogue import knob_named
from fitmon.engine.values import KnobOffer, KnobValue

if TYPE_CHECKING:
    from fitmon.engine.knobs.model_knobs import ModelKnobs


class PendingKnobs:
    """Takes requests at any time and applies them between epochs."""

    def __init__(
        self,
        model_knobs: ModelKnobs,
        *,
        epochs: int,
        batch_size: int,
        emit: Callable[[events.Event], None],
        batch_size_fixed: str = "",
    ) -> None:
        """Take the values a run starts with; `batch_size_fixed` says why the batch size cannot be changed, if so."""
        self._model_knobs = model_knobs
        self._emit = emit
        self.epochs = epochs
        """Number of epochs in the run."""
        self.batch_size = batch_size
        """Samples per batch; may exceed their number. Where the data makes its own batches: their length, known
        after the first chunk."""
        self._batch_size_fixed = batch_size_fixed
        self._waiting: dict[tuple[int, str], SetKnob] = {}
        self._unconfirmed: dict[str, tuple[SetKnob, KnobValue]] = {}
        self._values = {offer.name: offer.value for offer in self.offers()}

    def offers(self) -> tuple[KnobOffer, ...]:
        """Return every knob with its current value, or with the reason why this run lacks it."""
        return (
            *self._model_knobs.offers(),
            self._batch_size_offer(),
            KnobOffer(name="epochs", value=self.epochs),
        )

    def _batch_size_offer(self) -> KnobOffer:
        fixed = self._batch_size_fixed
        return KnobOffer(name="batch_size", value=None if fixed else self.batch_size, unavailable=fixed)

    def values(self) -> dict[str, KnobValue]:
        """Return the values in effect, as the last chunk read them back."""
        return {**self._values, "epochs": self.epochs}

    @property
    def turned(self) -> bool:
        """Whether knobs were changed and no chunk has read them back since."""
        return bool(self._unconfirmed)

    @property
    def waiting(self) -> tuple[SetKnob, ...]:
        """The pending changes, in the order of their requests."""
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
            epochs_done: completed epochs at the checkpoint.
            epochs: number of epochs in the run.
            batch_size: samples per batch.
            values: in effect at the checkpoint, as the last chunk read them back.
            waiting: changes that were pending.
        """
        self.epochs, self.batch_size = epochs, batch_size
        self._unconfirmed, self._waiting = {}, {}
        self._values = {offer.name: offer.value for offer in self.offers()} | dict(values)
        for change in waiting:
            epoch = epochs_done + 1 if change.epoch is None else change.epoch
            self._waiting[epoch, change.knob] = msgspec.structs.replace(change, epoch=epoch)

    def forget_waiting(self) -> None:
        """Drop the pending changes without an event: they belong to another branch."""
        self._waiting = {}

    def report_waiting(self) -> None:
        """Report every pending change again."""
        for change in self.waiting:
            self._report_requested(change)

    def check(self, changes: Mapping[str, float]) -> None:
        """Raise UsageError for the first of several changes that this run cannot make."""
        for knob, value in changes.items():
            self._check_offered(knob, value)

    def answer(self, request: SetKnob, epoch: int) -> None:
        """Queue a change for its epoch, or refuse it; `epoch` is the last one that has begun."""
        requested_epoch = epoch + 1 if request.epoch is None else request.epoch
        try:
            self._check(request, epoch, requested_epoch)
        except UsageError as error:
            self._refuse(request.knob, request.value, str(error))
            return
        replaced = self._waiting.get((requested_epoch, request.knob))
        if replaced is not None:
            self._refuse(request.knob, replaced.value, "replaced by a later request", requested_epoch)
        self._waiting[requested_epoch, request.knob] = change = msgspec.structs.replace(request, epoch=requested_epoch)
        self._report_requested(change)

    def _report_requested(self, change: SetKnob) -> None:
        self._emit(
            events.KnobRequested(knob=change.knob, value=change.value, epoch=change.epoch or 0, because=change.because)
        )

    def turn_epochs(self, epoch: int) -> None:
        """Change the number of epochs if requested, before it is decided whether `epoch` is still one of them."""
        request = self._waiting.pop((epoch, "epochs"), None)
        if request is None:
            return
        previous, self.epochs = self.epochs, int(request.value)
        self._report_applied(request, self.epochs, previous, epoch)
        self._refuse_unreachable()

    def turn(self, epoch: int) -> bool:
        """Apply the changes due at an epoch; return whether the compiled step must be traced again to see them."""
        retrace = False
        for knob in [knob for at, knob in self._waiting if at == epoch]:
            change = self._waiting.pop((epoch, knob))
            self._unconfirmed[knob] = (change, self._values.get(knob))
            if knob == "batch_size":
                self.batch_size = int(change.value)
            else:
                retrace |= self._model_knobs.turn(knob, change.value)
        return retrace

    def read_back(self, readings: Mapping[str, KnobValue], epoch: int, *, first_chunk: bool) -> list[KnobApplied]:
        """Take the values a chunk read from the compiled step; emit receipts for the changes made before it.

        Only the first chunk of an epoch gives the batch size: the last one may consist of the short last batch alone.
        Returns the receipts.
        """
        length = {} if first_chunk else {"batch_size": self._values["batch_size"]}
        self._values = {**self._values, **readings, **length}
        if self._batch_size_fixed and isinstance(length_read := self._values["batch_size"], int):
            self.batch_size = length_read
        changed, self._unconfirmed = self._unconfirmed, {}
        receipts = []
        for knob, (request, previous) in changed.items():
            if knob in readings:
                receipts.append(self._report_applied(request, readings[knob], previous, epoch))
            else:
                self._refuse(knob, request.value, f"this model's training step does not use its {knob}", epoch)
        return receipts

    def _report_applied(self, request: SetKnob, value: KnobValue, previous: KnobValue, epoch: int) -> KnobApplied:
        receipt = KnobApplied(
            knob=request.knob,
            requested=request.value,
            value=value,
            previous=previous,
            epoch=epoch,
            step=1,
            because=request.because,
        )
        self._emit(receipt)
        return receipt

    def close(self, unanswered: Iterable[SetKnob]) -> None:
        """Refuse everything that is pending or not yet answered, because the run is over."""
        for request in unanswered:
            self._refuse(request.knob, request.value, "the run ended before the request was processed")
        for (epoch, knob), change in list(self._waiting.items()):
            self._refuse(knob, change.value, f"the run ended before epoch {epoch}", epoch)
        self._waiting = {}

    def _refuse(self, knob: str, value: float, reason: str, epoch: int | None = None) -> None:
        self._emit(events.KnobRefused(knob=knob, value=value, reason=reason, epoch=epoch))

    def _refuse_unreachable(self) -> None:
        last = self._last_epoch()
        for epoch, knob in [key for key in self._waiting if key[0] > last + (key[1] == "epochs")]:
            self._refuse(knob, self._waiting.pop((epoch, knob)).value, f"the run now ends with epoch {last}", epoch)

    def _check_offered(self, knob: str, value: float) -> None:
        knob_named(knob).check(value)
        offer = next(offer for offer in self.offers() if offer.name == knob)
        if offer.unavailable:
            raise UsageError(f"{knob} cannot be changed: {offer.unavailable}.")

    def _check(self, request: SetKnob, epoch: int, requested_epoch: int) -> None:
        self._check_offered(request.knob, request.value)
        if requested_epoch <= epoch:
            raise UsageError(f"Expected an epoch after {epoch}, which has begun; received {requested_epoch}.")
        last = self._last_epoch()
        # A change of epochs may come right after the last epoch, before the run ends.
        if requested_epoch > last + (request.knob == "epochs"):
            raise UsageError(
                f"There is no epoch {requested_epoch}: the run ends with epoch {last}. Raise epochs first."
            )
        if request.knob == "epochs" and request.value < requested_epoch - 1:
            raise UsageError(f"Expected at least {requested_epoch - 1} epochs, since that many are done by then.")

    def _last_epoch(self) -> int:
        """Return the last epoch of the run, including pending changes that will be reached."""
        last = self.epochs
        for epoch, knob in sorted(self._waiting):
            if knob == "epochs" and epoch <= last + 1:
                last = int(self._waiting[epoch, knob].value)
        return last
