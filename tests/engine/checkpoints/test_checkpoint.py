"""A checkpoint is read bit for bit, or rejected with the reason; a failed write does no harm."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from fitmon.engine.checkpoints.checkpoint import (
    MARK,
    PARTIAL_NAME,
    read_checkpoint,
    stored_checkpoints,
    write_checkpoint,
)
from fitmon.engine.errors import DataError, DiskError
from tests.engine.checkpoints.states import consistent_state, names_in, number_of, state_of

ROOT = Path(__file__).parents[3]
PREFIX = struct.Struct("<18sIQ32s")

ARRAYS: dict[str, Any] = {
    "scalar": np.float32(0.1),
    "not a number": np.array([np.nan, -0.0, np.inf], np.float64),
    "a payload in a NaN": np.array([0x7FC12345], np.uint32).view(np.float32),
    "empty": np.zeros((0, 3), np.int32),
    "switches": np.array([[True], [False]]),
    "whole": np.array([-(2**63), 2**63 - 1]),
    "unsigned": np.array([2**64 - 1], np.uint64),
    "half": np.array([1e-8, 65504], np.float16),
    "brain": np.array([1 / 3, -np.inf], ml_dtypes.bfloat16),
    "eight bits": np.array([0.5], ml_dtypes.float8_e4m3fn),
    "complex": np.array([1 + 2j], np.complex64),
    "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "every second": np.arange(6)[::2],
    "other end first": np.array([1, 256], ">i4"),
    "名/前": np.zeros(1),
}


def test_every_kind_of_array_is_read_bit_for_bit(tmp_path: Path) -> None:
    state = state_of(epochs_done=4, step=7, **ARRAYS)
    read = read_checkpoint(write_checkpoint(tmp_path, state))
    assert (read.facts, read.knobs, read.random) == (state.facts, state.knobs, state.random)
    assert list(read.variables) == list(ARRAYS)
    assert np.array_equal(read.others["scores"], state.others["scores"])
    for name, array in state.variables.items():
        back = read.variables[name]
        assert (back.shape, back.dtype.name) == (array.shape, array.dtype.name)
        assert back.tobytes() == array.astype(back.dtype).tobytes(), name


def test_only_its_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = write_checkpoint(tmp_path, state_of())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_checkpoints_in_a_folder_are_listed_in_order(tmp_path: Path) -> None:
    for epochs_done, step in ((10, 0), (2, 5), (2, 0)):
        write_checkpoint(tmp_path, state_of(epochs_done=epochs_done, step=step))
    (tmp_path / PARTIAL_NAME).touch()
    (tmp_path / "notes.txt").touch()
    found = stored_checkpoints(tmp_path)
    assert [(stored.epochs_done, stored.step) for stored in found] == [(2, 0), (2, 5), (10, 0)]
    assert all(stored.bytes == stored.path.stat().st_size for stored in found)
    assert read_checkpoint(found[1].path).facts == state_of(epochs_done=2, step=5).facts


def test_a_checkpoint_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, state_of(a=1))
    path = write_checkpoint(tmp_path, state_of(a=2))
    assert names_in(tmp_path) == [path.name]
    assert int(read_checkpoint(path).variables["a"]) == 2


def test_the_leftover_of_a_killed_process_is_removed_by_the_next_write(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / PARTIAL_NAME).symlink_to(elsewhere)
    path = write_checkpoint(folder, state_of())
    assert names_in(folder) == [path.name]
    assert elsewhere.read_text() == "precious"


def test_an_array_of_objects_is_rejected_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="'words' has the unsupported dtype object"):
        write_checkpoint(tmp_path, state_of(words=np.array(["a"], object)))
    assert names_in(tmp_path) == []


def test_too_little_space_is_noticed_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = write_checkpoint(tmp_path, consistent_state(1, 10))
    disk = os.statvfs(tmp_path)
    nearly_full = os.statvfs_result((*disk[:4], 2**20 // disk.f_frsize, *disk[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: nearly_full)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it began to write"))
    with pytest.raises(DiskError, match="No space left on device"):
        write_checkpoint(tmp_path, consistent_state(2, 10))
    assert names_in(tmp_path) == [kept.name]


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="No such file or directory"):
        write_checkpoint(tmp_path / "gone", state_of())


OUT_OF_ROOM = """
import resource, sys
from pathlib import Path
from fitmon.engine.checkpoints.checkpoint import write_checkpoint
from fitmon.engine.errors import DiskError
from tests.engine.checkpoints.states import consistent_state

folder = Path(sys.argv[1])
write_checkpoint(folder, consistent_state(1, 200))
for number, most in enumerate(range(0, 200_000, 12_500), start=2):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        write_checkpoint(folder, consistent_state(number, 200))
        sys.exit("It was written.")
    except DiskError as error:
        message = str(error)
    assert len(list(folder.iterdir())) == 1, "litter"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
write_checkpoint(folder, consistent_state(100, 200))
print(message)
"""


def test_a_disk_that_fills_up_during_a_write_costs_only_that_checkpoint(tmp_path: Path) -> None:
    """At every point of the file; once there is space again, the next one is written."""
    message = _python("-c", OUT_OF_ROOM, str(tmp_path))
    assert (
        message
        == f"The checkpoint could not be written into {tmp_path} (File too large). Earlier checkpoints are unchanged."
    )
    assert [number_of(read_checkpoint(stored.path)) for stored in stored_checkpoints(tmp_path)] == [1, 100]
    assert len(names_in(tmp_path)) == 2


@pytest.mark.slow
def test_a_process_killed_during_a_write_leaves_only_complete_checkpoints(tmp_path: Path) -> None:
    found = json.loads(_python("-m", "tests.engine.checkpoints.kill_writers", str(tmp_path)))
    assert found["damaged"] == []
    assert found["lost"] == []
    assert found["killed while writing"] >= 3, "the kills missed the writes"


def _python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _written(folder: Path) -> Path:
    return write_checkpoint(folder, state_of(first=np.arange(100.0), second=np.ones(50, np.float32)))


def test_any_flipped_bit_is_noticed_and_the_array_named(tmp_path: Path) -> None:
    path = _written(tmp_path)
    whole = path.read_bytes()
    begin = len(whole) - 800 - 200 - 24
    expected = {0: "is not a checkpoint", 19: "format", 25: "header", 40: "header", 100: "header", begin - 1: "header"}
    arrays = {"first": range(begin, begin + 800), "second": range(begin + 800, begin + 1000)}
    arrays["scores"] = range(begin + 1000, len(whole))
    expected |= {place: f"{name!r} differs" for name, places in arrays.items() for place in (places[0], places[-1])}
    for place, message in expected.items():
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=message):
            read_checkpoint(path)


def test_a_file_cut_off_anywhere_is_rejected(tmp_path: Path) -> None:
    path = _written(tmp_path)
    whole = path.read_bytes()
    messages = {}
    for length in [*range(70), *range(70, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError) as caught:
            read_checkpoint(path)
        messages[length] = str(caught.value)
    assert "'scores' is cut off" in messages[len(whole) - 1]
    assert any("'first' is cut off" in message for message in messages.values())


def test_data_after_the_arrays_is_rejected(tmp_path: Path) -> None:
    path = _written(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DataError, match="after its last array"):
        read_checkpoint(path)


def test_opening_something_that_is_not_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nothing", "."):
        with pytest.raises(DataError, match="no checkpoint"):
            read_checkpoint(tmp_path / name)


Change = Callable[[dict[str, Any]], Any]


def _first(**changes: Any) -> Change:
    return lambda header: header["variables"][0].update(changes)


HOSTILE = [
    pytest.param(_first(shape=[2**62, 2**62]), "'first' is cut off", id="a huge shape"),
    pytest.param(_first(shape=[-1]), "invalid header", id="a negative length"),
    pytest.param(_first(shape=[100.5]), "invalid header", id="half a row"),
    pytest.param(_first(shape=[1] * 40 + [100]), "invalid header", id="too many axes"),
    pytest.param(_first(shape=[0, 2**62, 2**62]), "differs from what was written", id="nothing of a huge shape"),
    pytest.param(_first(shape=[0, 2**62, 2**62], sha256=hashlib.sha256().hexdigest()), "invalid shape", id="same"),
    pytest.param(_first(shape=[99]), "'first' differs", id="a shape too small"),
    pytest.param(_first(dtype="object"), "unknown dtype 'object'", id="objects"),
    pytest.param(_first(dtype="f8,O"), "unknown dtype", id="records with objects"),
    pytest.param(_first(dtype="float32"), "'first' differs", id="another dtype"),
    pytest.param(_first(dtype="int64"), "", id="another dtype as long"),
    pytest.param(_first(name="second"), "two arrays named 'second'", id="the same name twice"),
    pytest.param(lambda header: header.update(variables=[]), "'scores' differs", id="no variables"),
    pytest.param(lambda header: header.pop("facts"), "invalid header", id="no facts"),
    pytest.param(lambda header: header["facts"].update(epochs_done=-1), "invalid header", id="fewer than no epochs"),
    pytest.param(lambda header: header["knobs"].update(rates=[1.5]), "invalid header", id="a rate beyond 1"),
    pytest.param(lambda header: header.update(random=None), "invalid header", id="no random state"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_a_forged_header_is_rejected(change: Change, message: str, tmp_path: Path) -> None:
    """Its hash is right, as if made by someone who knows the format."""
    path = _written(tmp_path)
    mark, version, length, _ = PREFIX.unpack(path.read_bytes()[: PREFIX.size])
    rest = path.read_bytes()[PREFIX.size :]
    header = json.loads(rest[:length])
    change(header)
    _rewrite(path, json.dumps(header).encode(), rest[length:])
    assert (mark, version) == (MARK, 1)
    if message:
        with pytest.raises(DataError, match=message):
            read_checkpoint(path)
    else:
        # The bytes are unchanged; whether they fit is checked against the model.
        assert read_checkpoint(path).variables["first"].dtype == np.int64


@pytest.mark.parametrize("header", [b"", b"null", b"[" * 200_000, b"\xff\xfe", b'{"facts": 1e999}'])
def test_an_invalid_header_is_rejected(header: bytes, tmp_path: Path) -> None:
    path = _written(tmp_path)
    _rewrite(path, header, b"")
    with pytest.raises(DataError, match="invalid header"):
        read_checkpoint(path)


def test_an_endless_header_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "epoch-1-step-0.checkpoint"
    path.write_bytes(PREFIX.pack(MARK, 1, 2**63, hashlib.sha256(b"").digest() * 1))
    with pytest.raises(DataError, match="header"):
        read_checkpoint(path)


def _rewrite(path: Path, header: bytes, rest: bytes) -> None:
    path.write_bytes(PREFIX.pack(MARK, 1, len(header), hashlib.sha256(header).digest()) + header + rest)
