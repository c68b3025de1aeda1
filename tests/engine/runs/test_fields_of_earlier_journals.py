"""A journal and a checkpoint may hold what fitmon no longer measures: it is read past."""

from __future__ import annotations

from datetime import UTC, datetime
from zlib import crc32

import msgspec
import numpy as np

from fitmon.engine import events
from fitmon.engine.arrays import whole
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.measures import Insight
from fitmon.engine.runs.journal_line import decode_line, encode_line

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSIGHT = Insight(
    samples=4,
    stayed_right=2,
    stayed_wrong=1,
    crossed_up=1,
    crossed_down=0,
    loss_change=None,
    data_loss=None,
    penalty=None,
    threshold=0.5,
    near_threshold=0,
    sentence="val loss fell 0.045",
)


def test_a_journal_with_the_estimate_of_coming_crossings_is_read() -> None:
    ended = events.EpochEnded(epoch=4, epochs=9, seconds=0.1, metrics={"loss": 1.0}, knobs={}, insight=INSIGHT)
    line = encode_line(ended, sequence=1, wall=NOON, monotonic=0.0).rpartition(b',"crc32":')[0]
    estimate = b'"crossing_soon":36,"estimate":"estimate: 36 wrong samples will cross within about 3 epochs",'
    before, mark, after = line.partition(b'"sentence":')
    old = before + estimate + mark + after
    assert decode_line(old + b',"crc32":%d}\n' % crc32(old)).content() == ended
    assert b"estimate" not in msgspec.json.encode(ended)


def test_a_checkpoint_with_the_speed_of_each_sample_is_restored() -> None:
    observer, other = Observer(2, threshold=0.5), Observer(2, threshold=0.5)
    for epoch in range(3):
        told = observer.observe(score_probabilities(np.array([0.2, 0.6], np.float32), np.array([1, 0])), epoch)
    speed = {"epochs": np.array([1, 2]), "positions": np.zeros((2, 2), np.float32)}
    old = observer.arrays() | {f"observer/nearest/{name}": array for name, array in speed.items()}
    restored = other.restore(old | {"observer/arrays": whole(int(old["observer/arrays"]) + len(speed))})
    assert restored is not None
    assert (restored.epoch, restored.history.epochs) == (told.epoch, told.history.epochs)
