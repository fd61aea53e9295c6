"""Servers that never end, drip, break off or say nothing; processes that are killed."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from fltutor.datasets import download
from fltutor.datasets.sources import RemoteFile

CONTENT = bytes(range(256)) * 400
REMOTE = RemoteFile(
    name="data.bin", size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest()
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"


@contextmanager
def serving(answer):
    """Let ``answer(connection)`` serve every caller on 127.0.0.1, until it is over."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                try:
                    connection.recv(4096)
                    answer(connection)
                except OSError:
                    continue  # the caller has had enough

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/data.bin"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(30)


def whole(connection):
    connection.sendall(HEAD + f"Content-Length: {len(CONTENT)}\r\n\r\n".encode())
    connection.sendall(CONTENT)


def endless(connection):
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(bytes(65536))


def dripping(connection):
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def silent(connection):
    connection.sendall(HEAD + b"\r\n")
    connection.recv(1)


def breaking_off(connection):
    connection.sendall(HEAD + b"\r\n" + CONTENT[:1000])


def another(connection):
    connection.sendall(HEAD + b"\r\n" + bytes(len(CONTENT)))


def fetch(url, folder, step=lambda n: None):
    download.fetch_file(url, REMOTE, folder, step)


def left_in(folder):
    return sorted(p.name for p in folder.rglob("*"))


def test_a_whole_file_gets_its_name_and_every_byte_is_told(tmp_path):
    told = []
    with serving(whole) as url:
        fetch(url, tmp_path / "new", told.append)
    assert (tmp_path / "new" / "data.bin").read_bytes() == CONTENT
    assert sum(told) == len(CONTENT)
    assert left_in(tmp_path / "new") == ["data.bin"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (endless, f"longer than {len(CONTENT)} bytes"),
        (dripping, "came in"),
        (silent, "timed out"),
        (breaking_off, f"ended after 1000 of {len(CONTENT)}"),
        (another, "checksum"),
    ],
)
def test_a_server_that_misbehaves_is_given_up_and_leaves_nothing(
    answer, words, tmp_path, monkeypatch
):
    monkeypatch.setattr(download, "PATIENCE_SECONDS", 0.5)
    begin, told = time.monotonic(), []
    with serving(answer) as url, pytest.raises(download.FAILURES, match=words):
        fetch(url, tmp_path / "new", told.append)
    assert time.monotonic() - begin < 10
    assert sum(told) <= len(CONTENT)
    assert left_in(tmp_path) == []


def test_an_endless_server_is_taken_one_byte_too_far_and_no_more(tmp_path):
    with (
        serving(endless) as url,
        (tmp_path / "out").open("wb") as file,
        pytest.raises(ValueError, match="longer"),
    ):
        download.receive(url, 1000, file, lambda n: None)
    assert (tmp_path / "out").stat().st_size <= 1000


KILLED = """
import sys
from pathlib import Path
from fltutor.datasets import download
from fltutor.datasets.sources import RemoteFile
url, folder, size = sys.argv[1:]
remote = RemoteFile(name="data.bin", size=int(size), sha256="0" * 64)
download.fetch_file(url, remote, Path(folder), lambda n: print(n, flush=True))
"""


def half(connection):
    connection.sendall(HEAD + b"\r\n" + CONTENT[: len(CONTENT) // 2])
    connection.recv(1)


def test_a_killed_process_leaves_nothing_that_counts_as_data(tmp_path):
    with serving(half) as url:
        arguments = [
            sys.executable,
            "-c",
            KILLED,
            url,
            str(tmp_path),
            str(len(CONTENT)),
        ]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
            process.stdout.readline()  # the first bytes are written
            process.send_signal(signal.SIGKILL)
    (part,) = tmp_path.iterdir()
    assert part.name.startswith(".data.bin.") and part.suffix == ".part"
    old = time.time() - 3600
    os.utime(part, (old, old))
    with serving(whole) as url:
        fetch(url, tmp_path)
    assert left_in(tmp_path) == ["data.bin"]
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_a_part_that_another_process_is_writing_is_left_alone(tmp_path):
    part = tmp_path / ".data.bin.1.part"
    part.write_bytes(b"half")
    with serving(whole) as url:
        fetch(url, tmp_path)
    assert part.read_bytes() == b"half"
