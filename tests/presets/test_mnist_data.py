"""MNIST is found, read and checked, and never changed."""

import hashlib
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine.errors import DataError
from fitmon.engine.job import Settings
from fitmon.presets import preset_named
from fitmon.presets.download import RemoteFile
from fitmon.presets.mnist_data import OFFICIAL_SHA256, OFFICIAL_URL, load_mnist, official_file, read_mnist

SETTINGS = Settings(epochs=1, batch_size=2, learning_rate=0.01, units=(8,))


def silent(_text: str) -> None:
    pass


def small_arrays(**changes: Any) -> dict[str, Any]:
    """Return arrays in MNIST's layout, 20 and 10 samples, some of them replaced."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "x_train": rng.integers(0, 256, (20, 28, 28), np.uint8),
        "y_train": (np.arange(20) % 10).astype(np.uint8),
        "x_test": rng.integers(0, 256, (10, 28, 28), np.uint8),
        "y_test": np.arange(10).astype(np.uint8),
    }
    return {name: array for name, array in (arrays | changes).items() if array is not None}


def written(path: Path, **changes: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **small_arrays(**changes))
    return path


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Point every folder that is searched into an empty one."""
    for variable in ("FITMON_DATA", "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return tmp_path


def remote_to(path: Path) -> RemoteFile:
    """Return a remote file that is fetched from this machine's own disk."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return RemoteFile(url=path.as_uri(), sha256=digest)


NO_INTERNET = RemoteFile(url="http://127.0.0.1:1/mnist.npz", sha256="")


@pytest.mark.slow
def test_the_real_file_becomes_images_in_0_to_1_and_one_hot_labels(mnist_path: Path) -> None:
    data = read_mnist(mnist_path)
    assert (data.x.shape, data.x.dtype, data.y.shape) == ((60_000, 28, 28, 1), np.float32, (60_000, 10))
    assert (data.x_validation.shape, data.y_validation.shape) == ((10_000, 28, 28, 1), (10_000, 10))
    assert (data.x.min(), data.x.max()) == (0, 1)
    assert data.x.mean() == pytest.approx(0.1307, abs=1e-3)
    assert data.y[:3].argmax(axis=1).tolist() == [5, 0, 4]
    assert (data.y.sum(axis=1) == 1).all()
    assert data.class_names == tuple("0123456789")
    assert data.notes == ()


def test_the_official_file_is_the_one_keras_downloads() -> None:
    assert official_file() == RemoteFile(url=OFFICIAL_URL, sha256=OFFICIAL_SHA256)


def test_pixels_may_be_floats_in_either_range_and_have_a_channel(tmp_path: Path) -> None:
    pixels = small_arrays()["x_train"]
    expected = read_mnist(written(tmp_path / "bytes.npz")).x
    for name, x_train in {
        "unit": pixels / 255,
        "byte": pixels.astype(np.float32),
        "channel": pixels[..., None],
    }.items():
        assert np.allclose(read_mnist(written(tmp_path / f"{name}.npz", x_train=x_train)).x, expected), name


def test_a_file_given_by_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITMON_DATA", str(tmp_path / "absent.npz"))
    job = preset_named("mnist").job(file=written(tmp_path / "mine.npz"))
    assert len(job.load(SETTINGS, silent).x) == 20


def test_the_environment_wins_over_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "home/.keras/datasets/mnist.npz", x_test=None)
    monkeypatch.setenv("FITMON_DATA", str(written(tmp_path / "mine.npz")))
    assert len(load_mnist(SETTINGS, silent).x) == 20


def test_a_named_file_that_is_missing_is_an_error_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITMON_DATA", "absent.npz")
    with pytest.raises(DataError, match=r"^absent\.npz does not exist"):
        load_mnist(SETTINGS, silent)


def test_a_job_of_a_file_that_cannot_be_opened_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path / "mine.npz")
    monkeypatch.setattr(Path, "open", locked)
    with pytest.raises(DataError, match=r"mine\.npz cannot be read: permission denied\."):
        preset_named("mnist").job(file=path)


def test_without_a_named_file_a_job_is_made_before_anything_is_fetched() -> None:
    assert preset_named("mnist").job().name == "mnist"


@pytest.mark.parametrize("home", ["home/.keras", "elsewhere"])
def test_keras_cache_is_read_and_not_changed(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if home == "elsewhere":
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / home))
    path = written(tmp_path / home / "datasets/mnist.npz")
    before = path.read_bytes(), path.stat().st_mtime_ns
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert len(load_mnist(SETTINGS, silent).x) == 20
    finally:
        path.parent.chmod(0o700)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_damaged_cache_is_named_and_not_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "home/.keras/datasets/mnist.npz")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"\.keras/datasets/mnist\.npz cannot be read"):
        load_mnist(SETTINGS, silent)
    assert path.stat().st_size == 5000


def test_a_download_is_saved_in_keras_cache_and_reports_progress(tmp_path: Path) -> None:
    told: list[str] = []
    data = load_mnist(SETTINGS, told.append, remote=remote_to(written(tmp_path / "remote.npz")))
    assert len(data.x) == 20
    assert (tmp_path / "home/.keras/datasets/mnist.npz").is_file()
    assert told == ["downloading MNIST", "downloading MNIST 100%", "reading mnist.npz"]


def test_a_download_lands_in_our_cache_where_keras_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.keras").write_text("a file where a folder should be")
    remote = remote_to(written(tmp_path / "remote.npz"))
    assert load_mnist(SETTINGS, silent, remote=remote).notes == ()
    assert (tmp_path / "xdg/fitmon/mnist.npz").is_file()
    assert load_mnist(SETTINGS, silent, remote=NO_INTERNET).notes == ()


def test_without_internet_digits_are_used_with_a_note() -> None:
    data = load_mnist(SETTINGS, silent, remote=NO_INTERNET)
    assert (data.x.shape, data.x_validation.shape) == ((1437, 28, 28, 1), (360, 28, 28, 1))
    assert (data.x.dtype, data.y.shape, data.x.min(), data.x.max()) == (np.float32, (1437, 10), 0, 1)
    (note,) = data.notes
    assert note == (
        "This is not MNIST, which could not be downloaded (Connection refused), but scikit-learn's 1797 handwritten "
        "digits, enlarged from 8×8 to 28×28. Use --data FILE to train on MNIST."
    )


def test_a_wrong_download_leaves_no_file_and_digits_are_used(tmp_path: Path) -> None:
    wrong = RemoteFile(url=written(tmp_path / "remote.npz").as_uri(), sha256="0" * 64)
    assert "the downloaded file has the wrong checksum" in load_mnist(SETTINGS, silent, remote=wrong).notes[0]
    assert not list((tmp_path / "home/.keras/datasets").iterdir())


IMAGES = (20, 28, 28)
NO_NUMBERS = {"y_train": np.array([object()] * 20)}
NO_SAMPLES = {"x_train": np.zeros((0, 28, 28)), "y_train": np.zeros(0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": np.full(20, 10)}, "Expected labels in 0..9, received 10 (row 0 of y_train in FILE)."),
        ({"x_train": np.full(IMAGES, np.nan)}, "Expected finite numbers in x_train in FILE, received NaN or infinity"),
        ({"x_test": np.zeros((10, 27, 28))}, "Expected images of the shape (n, 28, 28) in x_test in FILE, received (1"),
        ({"x_test": np.zeros(())}, "Expected images of the shape (n, 28, 28) in x_test in FILE, received ()."),
        ({"x_train": np.full(IMAGES, 300)}, "Expected pixels in 0..255 in x_train in FILE, received 300..300."),
        ({"x_train": np.full(IMAGES, -0.5)}, "Expected pixels in 0..255 in x_train in FILE, received -0.5..-0.5."),
        ({"x_train": np.full(IMAGES, 1e308)}, "Expected pixels in 0..255 in x_train in FILE, received 1e+308..1e+308."),
        (
            {"x_test": np.ones((10, 28, 28), np.uint8)},
            "Expected integer pixels up to 255 in x_test in FILE, received 1",
        ),
        (
            {"x_train": np.eye(28, dtype=bool)[None].repeat(20, axis=0)},
            "Expected integer pixels up to 255 in x_train in FILE, received 0..1. Save pixels in 0..1 as floats.",
        ),
        ({"y_test": np.arange(9)}, "Expected as many labels as inputs in the test set of FILE, received 9 for 10."),
        ({"x_test": None}, "Expected the arrays x_train, y_train, x_test, y_test in FILE; missing: x_test."),
        (NO_SAMPLES, "There are no samples in the train set of FILE."),
        (NO_NUMBERS, "FILE cannot be read as Keras's mnist.npz: it is not an npz file of plain numbers"),
    ],
)
def test_wrong_arrays_are_refused_in_words(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.npz", **changes)
    with pytest.raises(DataError) as refusal:
        read_mnist(path)
    assert str(refusal.value).startswith(message.replace("FILE", str(path)))


class Trap:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", pickle.dumps(Trap())], ids=repr)
def test_a_file_of_another_kind_is_refused_and_never_unpickled(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"^mine.npz cannot be read as Keras's mnist.npz: it is "):
        read_mnist(Path("mine.npz"))
    assert not Path("unpickled").exists()


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused(share: float, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"cannot be read as Keras's mnist.npz: it is damaged or not an npz file\."):
        read_mnist(path)


def test_an_archive_with_changed_bytes_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.npz")
    content = bytearray(path.read_bytes())
    content[8000:8100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"it is damaged"):
        read_mnist(path)


def with_member(path: Path, content: bytes) -> Path:
    """Return an archive whose `x_train.npy` contains these bytes."""
    written(path, x_train=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", content)
    return path


@pytest.mark.parametrize(
    "header", [b"(" * 200, b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,", b"-" * 9000 + b"1", b"", b"\xff"]
)
def test_an_array_with_a_broken_header_is_refused(header: bytes, tmp_path: Path) -> None:
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(DataError, match=r"cannot be read as Keras's mnist.npz: it "):
        read_mnist(with_member(tmp_path / "mine.npz", content))


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"it is damaged or not an npz file\."):
        read_mnist(with_member(tmp_path / "mine.npz", b"hello"))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((6, 8), 1, "it is encrypted, save it again with numpy.savez_compressed."),
        ((8, 10), 99, "it uses a compression that Python cannot read, save it again with numpy.savez_compressed."),
    ],
)
def test_an_archive_that_python_cannot_open_is_refused_with_advice(
    place: tuple[int, int], value: int, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "mine.npz")
    content = bytearray(path.read_bytes())
    # Flags and method stand in the header of each member and again in the directory at the end.
    for signature, offset in zip((b"PK\x03\x04", b"PK\x01\x02"), place, strict=True):
        start = content.find(signature)
        while start >= 0:
            content[start + offset] |= value
            start = content.find(signature, start + 1)
    path.write_bytes(content)
    with pytest.raises(DataError) as refusal:
        read_mnist(path)
    assert str(refusal.value) == f"{path} cannot be read as Keras's mnist.npz: {message}"


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"mine\.npy cannot be read as Keras's mnist\.npz"):
        read_mnist(tmp_path / "mine.npy")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a file"):
        read_mnist(tmp_path)


def test_a_path_that_is_no_utf_8_can_be_shown() -> None:
    with pytest.raises(DataError, match=r"^\\xff\.npz does not exist") as refusal:
        read_mnist(Path(os.fsdecode(b"\xff.npz")))
    str(refusal.value).encode()
