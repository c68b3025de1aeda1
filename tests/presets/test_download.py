"""A download ends as the right file under its name, or leaves no file. The server is on this machine."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fitmon.presets.download import BLOCK_BYTES, DownloadError, RemoteFile, download

CONTENT = b"digits" * 100_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer as a function says; returns their address."""
    servers: list[HTTPServer] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_values: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        return f"http://127.0.0.1:{server.server_port}/mnist.npz"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer_with(content: bytes, promised: int | None = None) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if promised is None else promised))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def ignore(_share: float) -> None:
    pass


def remote(url: str, timeout_seconds: float = 10.0) -> RemoteFile:
    return RemoteFile(url=url, sha256=DIGEST, timeout_seconds=timeout_seconds)


def test_the_right_file_gets_its_name_and_nothing_else_stays(serve: Serve, tmp_path: Path) -> None:
    shares: list[float] = []
    download(remote(serve(answer_with(CONTENT))), tmp_path / "mnist.npz", shares.append)
    assert (tmp_path / "mnist.npz").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["mnist.npz"]
    assert shares == sorted(shares)
    assert len(shares) >= len(CONTENT) // BLOCK_BYTES
    assert shares[-1] == 1.0


def test_a_file_that_is_there_already_stays_as_it_is(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "mnist.npz").write_bytes(b"the user's own")
    download(remote(serve(answer_with(CONTENT))), tmp_path / "mnist.npz", ignore)
    assert (tmp_path / "mnist.npz").read_bytes() == b"the user's own"


def test_another_file_than_expected_is_thrown_away(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"the downloaded file has the wrong checksum \(SHA-256 [0-9a-f]{64}\)"):
        download(remote(serve(answer_with(b"<html>Please log in</html>"))), tmp_path / "mnist.npz", ignore)
    assert not list(tmp_path.iterdir())


def test_a_body_cut_short_is_thrown_away(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"received only 1000 of 600000 bytes"):
        download(remote(serve(answer_with(CONTENT[:1000], len(CONTENT)))), tmp_path / "mnist.npz", ignore)
    assert not list(tmp_path.iterdir())


def test_a_refused_connection_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/mnist.npz"
        with pytest.raises(DownloadError, match=r"Connection refused"):
            download(remote(url), tmp_path / "mnist.npz", ignore)
    assert not list(tmp_path.iterdir())


def test_a_response_of_not_found_is_an_error(serve: Serve, tmp_path: Path) -> None:
    url = serve(lambda handler: handler.send_error(404))
    with pytest.raises(DownloadError, match=r"the server responded 404 Not Found"):
        download(remote(url), tmp_path / "mnist.npz", ignore)


def test_a_connection_that_stalls_is_given_up(serve: Serve, tmp_path: Path) -> None:
    over = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        answer_with(CONTENT[:1000], len(CONTENT))(handler)
        over.wait()

    try:
        with pytest.raises(DownloadError, match=r"no data for 0.2 s"):
            download(remote(serve(stall), timeout_seconds=0.2), tmp_path / "mnist.npz", ignore)
    finally:
        over.set()
    assert not list(tmp_path.iterdir())


def test_an_exception_of_the_listener_ends_the_download_and_leaves_no_file(serve: Serve, tmp_path: Path) -> None:
    def refuse(_share: float) -> None:
        raise InterruptedError("stop")

    with pytest.raises(InterruptedError):
        download(remote(serve(answer_with(CONTENT))), tmp_path / "mnist.npz", refuse)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_an_error_of_the_disk(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        download(remote(serve(answer_with(CONTENT))), tmp_path / "absent" / "mnist.npz", ignore)
