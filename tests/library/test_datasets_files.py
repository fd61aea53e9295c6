"""Data sets from files: fetched, verified, damaged, missing; and the real ones."""

import gzip
import hashlib
import http.server
import os
import struct
import threading
import warnings
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fltutor.datasets as datasets
from fltutor.datasets import download, folder, hospitals, images, plays, sources

REAL = os.environ["FLTUTOR_REAL_DATA"]  # set in conftest.py, from FLTUTOR_DATA


def real(name):
    """Skip with one clear sentence where the real files are not at hand."""
    source = sources.SOURCES[name]
    there = REAL and all(
        (Path(REAL) / source.folder / f.name).is_file() for f in source.files
    )
    return pytest.mark.skipif(
        not there, reason=f"set FLTUTOR_DATA to a folder with {source.folder}/"
    )


# --- small, made-up files of the right form ----------------------------------


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes(), mtime=0)


def picture_files(n_train=4, n_test=3):
    rng = np.random.default_rng(0)
    return [
        idx(rng.integers(0, 256, (n_train, 28, 28))),
        idx(np.arange(n_train) % 10),
        idx(rng.integers(0, 256, (n_test, 28, 28))),
        idx(np.arange(n_test) % 10),
    ]


def patient(code, cholesterol="210", thal="3.0"):
    return f"50,1,4,120,{cholesterol},0,0,150,0,1.0,2,?,{thal},{code}"


def hospital_files():
    rows = [
        [patient(k % 2, cholesterol=str(200 + 10 * h + k)) for k in range(10)]
        for h in range(4)
    ]
    rows[2] = [patient(k % 2, cholesterol="0") for k in range(10)]
    return ["\n".join(r).encode() + b"\n" for r in rows]


def play_file(speeches=12):
    blocks = [
        f"ROMEO:\nLine number of Romeo is here\n\nNURSE:\nO me, line {'a' * k}"
        for k in range(speeches)
    ]
    return ["\n\n".join(blocks).encode()]


MADE_UP = {
    "mnist": picture_files,
    "fashion_mnist": picture_files,
    "heart_disease": hospital_files,
    "shakespeare": play_file,
}
LOADERS = {
    "mnist": datasets.mnist,
    "fashion_mnist": datasets.fashion_mnist,
    "heart_disease": datasets.heart_disease,
    "shakespeare": lambda **k: datasets.shakespeare(window=8, min_lines=5, **k),
}
MODULES = {
    "mnist": (images, "MNIST"),
    "fashion_mnist": (images, "FASHION_MNIST"),
    "heart_disease": (hospitals, "HEART_DISEASE"),
    "shakespeare": (plays, "SHAKESPEARE"),
}


def described(name, contents, addresses=("http://127.0.0.1:9/",)):
    """Return the source as if `contents` were what is published."""
    source = sources.SOURCES[name]
    files = tuple(
        replace(
            f,
            size=len(c),
            sha256=hashlib.sha256(c).hexdigest(),
            content_sha256=hashlib.sha256(
                gzip.decompress(c) if f.name.endswith(".gz") else c
            ).hexdigest(),
        )
        for f, c in zip(source.files, contents, strict=True)
    )
    return replace(source, files=files, addresses=tuple(addresses))


@pytest.fixture
def publish(monkeypatch):
    """Make the library believe that a source is another one."""

    def use(source):
        module, constant = MODULES[source.name]
        monkeypatch.setattr(module, constant, source)
        monkeypatch.setitem(sources.SOURCES, source.name, source)
        return source

    return use


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Use an empty cache of the course's own, no folder of the user."""
    import pooch

    monkeypatch.delenv("FLTUTOR_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "fltutor"


@pytest.fixture
def own(monkeypatch, tmp_path):
    """Use a folder that the user named."""
    monkeypatch.setenv("FLTUTOR_DATA", str(tmp_path / "own"))
    return tmp_path / "own"


def lay(root, source, contents):
    place = root / source.folder
    place.mkdir(parents=True, exist_ok=True)
    for f, content in zip(source.files, contents, strict=True):
        (place / f.name).write_bytes(content)
    return place


@contextmanager
def serving(answers, announce=None):
    """Serve {name: bytes} on 127.0.0.1; `announce` overstates the length."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rsplit("/", 1)[-1]
            asked.append(name)
            if name not in answers:
                self.send_error(404)
                return
            self.send_response(200)
            length = len(answers[name]) + (announce or 0)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answers[name])

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def names_of(source, contents):
    return {f.name: c for f, c in zip(source.files, contents, strict=True)}


def everything_under(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


# --- the folder --------------------------------------------------------------


def test_the_folder_is_the_users_if_named(own, monkeypatch):
    assert datasets.data_folder() == own
    monkeypatch.setenv("FLTUTOR_DATA", "~/somewhere")
    assert datasets.data_folder() == Path.home() / "somewhere"


def test_the_folder_is_the_cache_otherwise(cache, monkeypatch):
    assert datasets.data_folder() == cache
    monkeypatch.setenv("FLTUTOR_DATA", "  ")
    assert datasets.data_folder() == cache


def test_the_catalogue_lists_all_and_says_what_is_here(own, publish):
    source = publish(described("shakespeare", play_file()))
    entries = {e.name: e for e in datasets.catalogue()}
    assert list(entries) == [
        "digits",
        "blobs_2d",
        "synthetic",
        "mnist",
        "fashion_mnist",
        "heart_disease",
        "shakespeare",
    ]
    assert all(e.licence for e in entries.values())
    assert entries["digits"].present and entries["digits"].embedded
    assert not entries["shakespeare"].present
    assert entries["mnist"].size == 11_594_722
    lay(own, source, play_file())
    entries = {e.name: e for e in datasets.catalogue()}
    assert entries["shakespeare"].present
    assert entries["shakespeare"].files == (own / "shakespeare" / "input.txt",)


def test_published_checksums_have_the_right_form():
    for source in sources.SOURCES.values():
        for f in source.files:
            for digest in filter(None, (f.sha256, f.content_sha256)):
                assert len(digest) == 64 and int(digest, 16) > 0
        assert all(a.endswith("/") for a in source.addresses)


def test_fetch_names_what_there_is_when_it_does_not_know(own):
    with pytest.raises(ValueError, match="'mnits'.*mnist, fashion_mnist"):
        datasets.fetch("mnits")
    assert datasets.fetch("digits") == ()


# --- missing, fetched, interrupted, corrupt ----------------------------------


@pytest.mark.parametrize("name", LOADERS)
def test_missing_data_says_what_to_do(name, own):
    with pytest.raises(datasets.DataNotFoundError) as caught:
        LOADERS[name](download=False)
    message = str(caught.value)
    assert isinstance(caught.value, FileNotFoundError)
    assert f"fltutor data fetch {name}" in message
    assert "FLTUTOR_DATA" in message
    assert sources.SOURCES[name].files[0].name in message


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_fetches_once_and_then_reads(name, cache, publish, capfd):
    contents = MADE_UP[name]()
    with serving(names_of(sources.SOURCES[name], contents)) as (url, asked):
        source = publish(described(name, contents, [url]))
        first = LOADERS[name]()
        assert len(asked) == len(source.files)
        second = LOADERS[name]()
        assert len(asked) == len(source.files)
    assert torch.equal(first.train.x, second.train.x)
    assert everything_under(cache / source.folder) == sorted(
        f.name for f in source.files
    )
    assert source.files[0].name in capfd.readouterr().err  # the progress bar's label


def test_progress_can_be_silent(cache, publish, capfd):
    contents = play_file()
    with serving(names_of(sources.SHAKESPEARE, contents)) as (url, _):
        publish(described("shakespeare", contents, [url]))
        (path,) = datasets.fetch("shakespeare", progress=False)
    assert path.read_bytes() == contents[0]
    assert "%|" not in capfd.readouterr().err


def test_the_second_address_helps_where_the_first_fails(cache, publish):
    contents = play_file()
    with (
        serving({}) as (empty, asked),
        serving(names_of(sources.SHAKESPEARE, contents)) as (full, _),
    ):
        publish(described("shakespeare", contents, [empty, full]))
        (path,) = datasets.fetch("shakespeare", progress=False)
    assert asked == ["input.txt"] and path.read_bytes() == contents[0]


def failing_fetch(publish, contents, served, announce=None):
    with serving(served, announce) as (url, _):
        publish(described("shakespeare", contents, [url]))
        with pytest.raises(datasets.DataDownloadError) as caught:
            datasets.fetch("shakespeare", progress=False)
    return str(caught.value)


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(cache, publish):
    message = failing_fetch(publish, play_file(), {"input.txt": b"not the play"})
    assert "input.txt could not be fetched" in message
    assert "nothing unfinished was kept" in message
    assert not cache.exists() or everything_under(cache) == []


def test_an_interrupted_download_leaves_nothing(cache, publish):
    contents = play_file()
    half = contents[0][: len(contents[0]) // 2]
    failing_fetch(publish, contents, {"input.txt": half}, announce=len(half))
    assert not cache.exists() or everything_under(cache) == []


def test_an_address_that_does_not_answer_is_named(own, publish):
    message = failing_fetch(publish, play_file(), {})
    assert "http://127.0.0.1" in message and str(own) in message
    assert not own.exists() or everything_under(own) == []


def test_a_folder_that_cannot_be_written_is_named(own, publish):
    own.write_text("a file where a folder should be")
    message = failing_fetch(publish, play_file(), {"input.txt": play_file()[0]})
    assert str(own) in message and "could not be fetched" in message


def test_stopping_with_the_keyboard_leaves_nothing(cache, publish, monkeypatch):
    def stop(url, size, file, step):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "receive", stop)
    publish(described("shakespeare", play_file()))
    with pytest.raises(KeyboardInterrupt):
        datasets.fetch("shakespeare", progress=False)
    assert not cache.exists() or everything_under(cache) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(cache, publish):
    contents = play_file()
    with serving(names_of(sources.SHAKESPEARE, contents)) as (url, asked):
        source = publish(described("shakespeare", contents, [url]))
        place = lay(cache, source, [contents[0][:50]])
        with pytest.raises(datasets.DataNotFoundError, match="damaged"):
            LOADERS["shakespeare"](download=False)
        LOADERS["shakespeare"]()
    assert asked == ["input.txt"]
    assert (place / "input.txt").read_bytes() == contents[0]


def test_fetch_leaves_the_users_own_file_alone(own, publish):
    source = publish(described("shakespeare", play_file()))
    place = lay(own, source, [b"mine"])
    datasets.fetch("shakespeare", progress=False)
    assert (place / "input.txt").read_bytes() == b"mine"


# --- a user's own files ------------------------------------------------------


@pytest.mark.parametrize("name", LOADERS)
def test_published_files_are_read_without_a_word(name, own, publish):
    contents = MADE_UP[name]()
    lay(own, publish(described(name, contents)), contents)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        split = LOADERS[name](download=False)
    assert split.name == name and split.licence
    assert split.train.num_classes == split.test.num_classes == split.num_classes
    assert len(split.class_names) == split.num_classes


@pytest.mark.parametrize("name", LOADERS)
def test_other_files_of_the_right_form_give_one_warning(name, own):
    lay(own, sources.SOURCES[name], MADE_UP[name]())
    with pytest.warns(datasets.DataChecksumWarning) as caught:
        split = LOADERS[name](download=False)
    assert len(caught) == 1 and len(split.train) > 0
    assert caught[0].filename == __file__  # points at the caller's line
    assert f"fltutor data fetch {name}" in str(caught[0].message)


def test_a_file_packed_again_counts_as_published(own, publish):
    contents = picture_files()
    source = publish(described("mnist", contents))
    again = [gzip.compress(gzip.decompress(c), 1, mtime=5) for c in contents]
    assert again != contents
    lay(own, source, again)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(datasets.mnist(download=False).train) == 4


def with_part(position, content):
    contents = picture_files()
    contents[position] = content
    return contents


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (with_part(0, picture_files()[0][:-20]), "cannot be unpacked"),
        (with_part(0, b"<html>not found</html>"), "cannot be unpacked"),
        (with_part(0, b""), "begins with|cannot be unpacked"),
        (
            with_part(0, gzip.compress(b"\x00\x00\x08")),
            "begins with the bytes 00 00 08",
        ),
        (with_part(0, picture_files()[1]), "00 00 08 03"),
        (
            with_part(0, gzip.compress(gzip.decompress(picture_files()[0])[:-1])),
            "announces shape",
        ),
        (with_part(0, idx(np.zeros((4, 8, 8)))), r"shape \(n, 28, 28\)"),
        (with_part(1, idx(np.zeros(3))), "3 labels for 4 pictures"),
        (with_part(3, idx(np.array([0, 1, 10]))), "the label 10"),
    ],
)
@pytest.mark.filterwarnings("ignore::fltutor.datasets.DataChecksumWarning")
def test_damaged_pictures_are_refused(contents, words, own):
    lay(own, sources.MNIST, contents)
    with pytest.raises(datasets.DataCorruptError, match=words) as caught:
        datasets.mnist(download=False)
    assert "Delete the file and run `fltutor data fetch mnist`" in str(caught.value)


def test_pictures_have_both_shapes_and_lie_in_the_unit_interval(own, publish):
    contents = picture_files()
    lay(own, publish(described("mnist", contents)), contents)
    flat, square = datasets.mnist(), datasets.mnist(as_images=True)
    assert flat.train.x.shape == (4, 784) and square.test.x.shape == (3, 1, 28, 28)
    assert torch.equal(square.train.x.reshape(4, 784), flat.train.x)
    raw = np.frombuffer(gzip.decompress(contents[0]), np.uint8)[16:]
    assert flat.train.x.flatten().tolist() == pytest.approx((raw / 255).tolist())
    assert flat.train.x.dtype == torch.get_default_dtype()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,2,3", "line 11 '1,2,3'"),
        (patient(5), "last in 0..4"),
        (patient("?"), "last in 0..4"),
        (patient(1, cholesterol="many"), "14 numbers"),
        (patient(1, cholesterol="inf"), "14 numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore::fltutor.datasets.DataChecksumWarning")
def test_damaged_patients_are_refused(line, words, own):
    contents = hospital_files()
    contents[1] += line.encode()
    lay(own, sources.HEART_DISEASE, contents)
    with pytest.raises(datasets.DataCorruptError, match=words):
        datasets.heart_disease(download=False)


@pytest.mark.filterwarnings("ignore::fltutor.datasets.DataChecksumWarning")
@pytest.mark.parametrize(
    ("text", "words"),
    [("ROMEO:\nÉ tu", "character"), ("no speech here", "names no role")],
)
def test_a_damaged_play_is_refused(text, words, own):
    lay(own, sources.SHAKESPEARE, [text.encode()])
    with pytest.raises(datasets.DataCorruptError, match=words):
        datasets.shakespeare(download=False)


# --- hospitals ---------------------------------------------------------------


@pytest.fixture
def made_up_hospitals(own, publish):
    contents = hospital_files()
    lay(own, publish(described("heart_disease", contents)), contents)


def test_a_hole_is_filled_from_the_patients_own_hospital(made_up_hospitals, own):
    path = own / "heart-disease" / "processed.hungarian.data"
    lines = path.read_text().splitlines()
    lines[0] = patient(0, cholesterol="?")
    path.write_text("\n".join(lines))
    with pytest.warns(datasets.DataChecksumWarning):
        split = datasets.heart_disease(scale="none", seed=1)
    parts = [p[p.groups == 1].x[:, 4].tolist() for p in (split.train, split.test)]
    filled = sorted(parts[0] + parts[1])
    for value in range(211, 220):
        filled.remove(value)  # what is left is the value in the hole
    in_training = [v for v in range(211, 220) if v in parts[0]]
    assert filled == [float(np.median(in_training))]


def test_what_a_hospital_never_measured_takes_a_fixed_value(made_up_hospitals):
    home = datasets.heart_disease(scale="none").train
    assert set(home[home.groups == 2].x[:, 4].tolist()) == {200.0}
    assert set(home.x[:, 11].tolist()) == {0.0}
    pooled = datasets.heart_disease(scale="none", impute="pooled").train
    value = set(pooled[pooled.groups == 2].x[:, 4].tolist())
    known = home.x[home.groups != 2][:, 4].numpy()
    assert value == {float(np.median(known))}


def test_test_patients_do_not_move_the_numbers(made_up_hospitals, own):
    before = datasets.heart_disease(seed=0)
    path = own / "heart-disease" / "processed.cleveland.data"
    raw = np.array([line.split(",") for line in path.read_text().splitlines()])
    mask = hospitals._train_mask(
        np.array([k % 2 for k in range(40)]), np.repeat(range(4), 10), 0.2, 0
    )[:10]
    raw[~mask, 4] = "999"
    path.write_text("\n".join(",".join(row) for row in raw))
    with pytest.warns(datasets.DataChecksumWarning):
        after = datasets.heart_disease(seed=0)
    assert torch.equal(before.train.x, after.train.x)
    assert not torch.equal(before.test.x, after.test.x)


@pytest.mark.parametrize("scale", ["hospital", "pooled"])
def test_scaling_uses_training_patients_of_its_scope(made_up_hospitals, scale):
    train = datasets.heart_disease(scale=scale).train
    column = train.x[:, 4]
    part = column[train.groups == 1] if scale == "hospital" else column
    assert float(part.mean()) == pytest.approx(0.0, abs=1e-5)
    assert float(part.std(correction=0)) == pytest.approx(1.0, abs=1e-5)
    assert set(train.x[:, 0].tolist()) == {0.0}  # everyone is 50: constant


@pytest.mark.parametrize("bad", ["target", "impute", "scale"])
def test_unknown_words_are_named(bad, own):
    with pytest.raises(ValueError, match=f"{bad}='mean'"):
        datasets.heart_disease(**{bad: "mean"})


# --- plays -------------------------------------------------------------------


def decoded(tokens):
    return "".join(plays.ALPHABET[t] for t in tokens.tolist())


def test_windows_are_the_roles_text_and_the_next_character(own, publish):
    contents = play_file(10)
    lay(own, publish(described("shakespeare", contents)), contents)
    split = datasets.shakespeare(window=8, stride=1, min_lines=5)
    assert split.train.group_names == ("ROMEO", "NURSE")
    assert split.train.x.dtype == torch.int64
    romeo = split.train[split.train.groups == 0]
    text = "Line number of Romeo is here\n" * 8
    assert len(romeo) == len(text) - 8
    for k in (0, 5, len(romeo) - 1):
        assert decoded(romeo.x[k]) == text[k : k + 8]
        assert plays.ALPHABET[int(romeo.y[k])] == text[k + 8]


def test_the_last_lines_are_for_testing(own, publish):
    contents = play_file(10)
    lay(own, publish(described("shakespeare", contents)), contents)
    split = datasets.shakespeare(window=8, stride=1, min_lines=5)
    nurse = split.test[split.test.groups == 1]
    text = "O me, line " + "a" * 8 + "\nO me, line " + "a" * 9 + "\n"
    assert decoded(nurse.x[0]) == text[:8] and len(nurse) == len(text) - 8


def test_a_demand_that_no_role_meets_is_named(own, publish):
    lay(own, publish(described("shakespeare", play_file())), play_file())
    with pytest.raises(ValueError, match="min_lines=500"):
        datasets.shakespeare(min_lines=500)


@pytest.mark.parametrize(
    "bad", [{"window": 0}, {"stride": 0}, {"min_lines": 0}, {"test_fraction": 1.0}]
)
def test_shakespeare_refuses_numbers_out_of_range(bad, own):
    with pytest.raises(ValueError, match=next(iter(bad))):
        datasets.shakespeare(**bad)


# --- the real files ----------------------------------------------------------

real_files = pytest.mark.filterwarnings("ignore::fltutor.datasets.DataChecksumWarning")


@pytest.fixture
def real_folder(monkeypatch):
    """Read the real files, though notebooks beside this test find an empty folder."""
    monkeypatch.setenv("FLTUTOR_DATA", REAL)


@real("mnist")
@real_files
def test_real_mnist(real_folder):
    split = datasets.mnist(download=False)
    assert split.train.x.shape == (60_000, 784)
    assert split.test.x.shape == (10_000, 784)
    # published counts of the digits 0..9 in the training set
    assert np.bincount(split.train.y.numpy()).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    # the published mean of the training pixels
    assert float(split.train.x.mean()) == pytest.approx(0.1307, abs=5e-5)


@real("fashion_mnist")
@real_files
def test_real_fashion_mnist(real_folder):
    split = datasets.fashion_mnist(download=False)
    assert np.bincount(split.train.y.numpy()).tolist() == [6000] * 10
    assert np.bincount(split.test.y.numpy()).tolist() == [1000] * 10


@real("heart_disease")
@real_files
def test_real_hospitals(real_folder):
    split = datasets.heart_disease(download=False)
    sizes = np.bincount(torch.cat([split.train.groups, split.test.groups]).numpy())
    assert sizes.tolist() == [303, 294, 123, 200]
    y = torch.cat([split.train.y, split.test.y])
    owner = torch.cat([split.train.groups, split.test.groups])
    sick = [int(y[owner == h].sum()) for h in range(4)]
    assert sick == [139, 106, 115, 149]
    assert float(split.train.x.abs().max()) < 20
    again = datasets.heart_disease(target="severity", scale="pooled")
    assert again.num_classes == 5 and again.train.y.max() == 4


@real("shakespeare")
@real_files
def test_real_shakespeare(real_folder):
    split = datasets.shakespeare(download=False)
    assert set(split.train.groups.tolist()) == set(split.test.groups.tolist())
    assert len(split.train.group_names) == 101
    assert "JULIET" in split.train.group_names
    first = split.train[split.train.groups == 0]
    assert split.train.group_names[0] == "First Citizen"
    assert decoded(first.x[0]).startswith("Before we proceed any further, hear me")


def test_the_users_folder_is_read_in_place(own, publish):
    assert folder.VARIABLE == "FLTUTOR_DATA"
    contents = play_file()
    place = lay(own, publish(described("shakespeare", contents)), contents)
    assert datasets.fetch("shakespeare", progress=False) == (place / "input.txt",)
