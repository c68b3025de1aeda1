"""A decoded snapshot equals the encoded one, and only what is new is sent."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.attach import snapshot_encoder as encoder_module
from fitmon.engine.attach.array_transfer import ArrayReceiver, ArraySender, Numbers, read_array
from fitmon.engine.attach.snapshot_decoder import SnapshotDecoder
from fitmon.engine.attach.snapshot_encoder import SnapshotEncoder
from fitmon.engine.attach.snapshot_parts import Points
from fitmon.engine.attach.wire import GarbageError, SnapshotUpdate, replies
from fitmon.engine.samples import ValidationSamples
from tests.engine.attach.same import assert_same
from tests.engine.attach.served_run import STEPS, Scorer, ServedRun, chunk, epoch_events, samples_loaded, started, story


class Channel:
    """An encoder and a decoder, with bytes between them."""

    def __init__(self, run: ServedRun, *, per_sample: bool = True) -> None:
        self.run = run
        self.bytes_sent = 0
        self._encoder, self._decoder = SnapshotEncoder(per_sample=per_sample), SnapshotDecoder()

    def look(self) -> None:
        """Update the decoded snapshot."""
        self.bytes_sent = 0
        more = True
        while more:
            raw = msgspec.msgpack.encode(self._encoder.update(self.run.snapshot()))
            self.bytes_sent += len(raw)
            update = replies.decode(raw)
            assert isinstance(update, SnapshotUpdate)
            self.picture, more = self._decoder.apply(update), update.more

    def assert_same(self) -> None:
        assert_same(self.picture, self.run.snapshot())


@pytest.mark.parametrize("classes", [2, 4])
def test_a_decoded_snapshot_is_equal_after_every_event(classes: int) -> None:
    channel = Channel(ServedRun())
    for event in story(classes):
        channel.run.tell(event)
        channel.look()
        channel.assert_same()


@pytest.mark.parametrize("classes", [2, 4])
def test_the_first_decoded_snapshot_is_equal_whatever_happened_before(classes: int) -> None:
    run = ServedRun()
    for event in story(classes):
        run.tell(event)
        channel = Channel(run)
        channel.look()
        channel.assert_same()


@pytest.mark.parametrize("between", [2, 3, 5, 7, 11, 19])
def test_a_decoded_snapshot_is_equal_if_much_happened_between_two_updates(between: int) -> None:
    channel = Channel(ServedRun())
    for number, event in enumerate(story(3)):
        channel.run.tell(event)
        if number % between == 0:
            channel.look()
            channel.assert_same()


def test_an_epoch_restarted_between_two_updates_replaces_its_chunks() -> None:
    channel = Channel(ServedRun().tell(started(), *epoch_events(1)[:2]))
    channel.look()
    channel.run.tell(events.EpochStarted(epoch=1, epochs=10, steps=STEPS), chunk(1, 10), chunk(1, 20), chunk(1, 30))
    channel.run.tell(events.EpochStarted(epoch=2, epochs=10, steps=STEPS), chunk(2, 10), chunk(2, 20))
    channel.look()
    channel.assert_same()


RETURNS = [
    pytest.param(events.RunResumed(epochs_done=2, exact=True), id="resumed from a checkpoint"),
    pytest.param(events.BranchStarted(branch=2, parent=1, epoch=2, knobs={}), id="a new branch"),
]


@pytest.mark.parametrize("event", RETURNS)
def test_epochs_that_are_trained_again_replace_the_others(event: events.Event) -> None:
    """With as many points as before, or more, between two updates: only the values differ."""
    channel = Channel(ServedRun().tell(started()).epochs(1, 6))
    channel.look()
    channel.run.tell(event).epochs(3, 8, factor=2)
    channel.look()
    channel.assert_same()


def test_nothing_is_sent_when_nothing_is_new() -> None:
    encoder, run = SnapshotEncoder(), ServedRun().tell(started(), samples_loaded()).epochs(1, 3)
    while encoder.update(run.snapshot()).more:
        pass
    assert encoder.update(run.snapshot()) == SnapshotUpdate()


def test_renamed_fields_keep_their_names_in_updates() -> None:
    """So that a fitmon of another version can attach."""
    first = SnapshotEncoder().update(ServedRun().tell(started()).snapshot())
    assert {"pause_asked", "continued"} < first.parts.keys()
    assert not {"pause_requested", "resumed", "other_branches"} & first.parts.keys()


def test_the_first_update_does_not_wait_for_the_samples() -> None:
    run = ServedRun().tell(started(), samples_loaded(), Scorer(2).scored(0)).epochs(1, 3)
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    decoded = decoder.apply(encoder.update(run.snapshot()))
    assert_same(decoded, replace(run.snapshot(), samples=None, observation=None))
    assert_same(decoder.apply(encoder.update(run.snapshot())), run.snapshot())


def test_another_epoch_costs_only_a_few_points() -> None:
    channel = Channel(ServedRun().tell(started(epochs=2000)).epochs(1, 1000))
    channel.look()
    first = channel.bytes_sent
    channel.run.epochs(1001, 1001)
    channel.look()
    channel.assert_same()
    assert first > 1000 * 4 * 16
    assert channel.bytes_sent < 2000


def test_the_history_of_the_samples_is_sent_once() -> None:
    scorer = Scorer(4, samples=1000)
    channel = Channel(ServedRun().tell(started()))
    for epoch in range(1, 51):
        channel.run.tell(scorer.scored(epoch))
    channel.look()
    whole = channel.bytes_sent
    channel.run.tell(scorer.scored(51))
    channel.look()
    channel.assert_same()
    assert channel.bytes_sent < whole / 2


TABLE = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_rows_of_a_table_are_sent_once_however_often_they_are_sliced() -> None:
    sender, receiver = ArraySender(), ArrayReceiver()

    def sent(*arrays: Numbers) -> list[bool]:
        """Send a message, and return which arrays were sent with their numbers."""
        sender.begin()
        receiver.begin()
        message = [sender.plain(array) for array in arrays]
        for array, raw in zip(arrays, msgspec.msgpack.decode(msgspec.msgpack.encode(message)), strict=True):
            assert np.array_equal(receiver.read(None, raw), array)
        return [plain is not None for _, plain in message]

    assert sent(*TABLE) == [True, True, True]
    assert sent(*TABLE, TABLE[1]) == [False, False, False, False]
    assert sent(TABLE[:, 0], TABLE[0, :2], TABLE[2]) == [True, True, False]
    # The receiver only has what was in the previous message.
    assert sent(TABLE[0], TABLE.copy()[2]) == [True, True]


def test_samples_are_sent_once() -> None:
    channel = Channel(ServedRun().tell(started(), samples_loaded(10_000)))
    channel.look()
    assert channel.bytes_sent > 10_000 * 4 * 5
    channel.run.epochs(1, 1)
    channel.look()
    assert channel.bytes_sent < 5000
    channel.assert_same()


def test_what_is_known_of_each_sample_is_left_out_on_request() -> None:
    channel = Channel(ServedRun().tell(*story(2)), per_sample=False)
    channel.look()
    assert_same(channel.picture, replace(channel.run.snapshot(), samples=None, observation=None))


def test_an_observation_stays_the_same_object_until_there_is_another() -> None:
    """What a viewer has computed from it need not be computed again."""
    scorer = Scorer(2)
    channel = Channel(ServedRun().tell(started(), scorer.scored(0)))
    channel.look()
    before = channel.picture.observation
    channel.run.epochs(1, 1)
    channel.look()
    assert channel.picture.observation is before
    channel.run.tell(scorer.scored(1))
    channel.look()
    assert channel.picture.observation is not before


def test_what_is_too_large_is_left_out_and_the_rest_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_module, "MAX_ARRAY_BYTES", 100)
    channel = Channel(ServedRun().tell(started(), samples_loaded(), Scorer(2).scored(1)).epochs(1, 2))
    channel.look()
    seen = channel.run.snapshot()
    assert seen.samples is not None
    without = replace(seen.samples, inputs=None, original=None)
    assert_same(channel.picture, replace(seen, samples=without, observation=None))


def test_samples_of_a_dtype_that_not_every_machine_has_are_left_out() -> None:
    samples = ValidationSamples(np.ones(3, np.longdouble), None, feature_names=("width",), class_names=())
    channel = Channel(ServedRun().tell(started(), events.SamplesLoaded(samples=samples)))
    channel.look()
    assert_same(channel.picture, replace(channel.run.snapshot(), samples=replace(samples, inputs=None)))


def test_two_equal_refusals_are_two_answers() -> None:
    refused = events.KnobRefused(knob="l1", value=1.0, reason="this model has no kernels")
    channel = Channel(ServedRun().tell(started(), refused))
    channel.look()
    before = channel.picture.refusal
    channel.run.tell(msgspec.structs.replace(refused))
    channel.look()
    assert channel.picture.refusal == before
    assert channel.picture.refusal is not before


RUBBISH = [
    pytest.param(SnapshotUpdate(), id="nothing at first"),
    pytest.param(SnapshotUpdate(parts={"version": msgspec.Raw(msgspec.msgpack.encode("seven"))}), id="a wrong type"),
    pytest.param(SnapshotUpdate(parts={"secret": msgspec.Raw(msgspec.msgpack.encode(1))}), id="an unknown fact"),
    pytest.param(
        SnapshotUpdate(parts={"left_branches": msgspec.Raw(msgspec.msgpack.encode([{}]))}), id="half a branch"
    ),
    pytest.param(
        SnapshotUpdate(parts={"observation": msgspec.Raw(b"\x93" * 60_000)}), id="nested deeper than any reader allows"
    ),
]


@pytest.mark.parametrize("news", RUBBISH)
def test_invalid_updates_are_rejected(news: SnapshotUpdate) -> None:
    with pytest.raises(GarbageError):
        SnapshotDecoder().apply(news)


ARRAYS = [
    pytest.param(["|O", [1], b"\x00" * 8], id="objects"),
    pytest.param(["<U1", [1], b"\x00" * 4], id="texts"),
    pytest.param(["<f8", [2], b"\x00" * 8], id="too short"),
    pytest.param(["<f8", [1], b"\x00" * 7], id="half a number"),
    pytest.param(["<f8", [1, 1, 1], "text"], id="no bytes"),
    pytest.param({"dtype": "<f8"}, id="another form"),
]


@pytest.mark.parametrize("array", ARRAYS)
def test_only_plain_numbers_are_arrays(array: object) -> None:
    raw = msgspec.msgpack.encode({"epochs": array, "values": array})
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(raw, type=Points, dec_hook=read_array)


def test_the_chunks_of_past_epochs_are_sent_once_and_again_when_they_were_thinned() -> None:
    channel = Channel(ServedRun().tell(started()))
    for epoch in range(1, 1200):
        channel.run.epochs(epoch, epoch)
        if epoch % 7 == 0 or epoch > 1190:
            channel.look()
            assert_same(channel.picture.past_chunks, channel.run.snapshot().past_chunks)
    assert channel.bytes_sent < 4000
