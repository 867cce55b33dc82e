"""Fetching the reviews from a server of our own on 127.0.0.1."""

import functools
import hashlib
import http.server
import threading

import pytest

from smug.datasets.beer import generator as beer_generator
from smug.datasets.beer.download import fetch, file_names
from smug.datasets.beer.splits import split_reviews
from smug.errors import SmugError


@pytest.fixture
def served(tmp_path):
    """Address of a folder of reviews, and the SHA-256 of its files."""
    folder = tmp_path / "served"
    beer_generator.write_reviews(folder, seed=1, train=25, heldout=12, annotated=6)
    handler = functools.partial(_Silent, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        digests = [
            hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in file_names(1)
        ]
        yield f"http://127.0.0.1:{server.server_port}", digests
        server.shutdown()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def settings(**changes):
    values = {"source": "download", "aspect": 1, "rationale_aspect": None, "explain": "annotated"}
    values |= {"explained": 4, "validation": 5, "num_words": 200, "max_words": 120, "seed": 0}
    return values | changes


def test_reviews_are_fetched_once_and_split(served, tmp_path):
    address, digests = served
    root = tmp_path / "data"
    made = split_reviews(**settings(root=str(root), address=address, sha256=digests))
    assert [len(part) for part in (made.train, made.validation, made.test)] == [25, 5, 7]
    assert sorted(path.name for path in root.iterdir()) == sorted(file_names(1))
    # What is there and fits is not asked for again.
    split_reviews(**settings(root=str(root), address="http://127.0.0.1:9", sha256=digests))


def test_another_file_is_refused(served, tmp_path):
    address, digests = served
    other = [digests[0], "0" * 64, digests[2]]
    with pytest.raises(SmugError, match=r"heldout\.txt\.gz is not the file whose SHA-256"):
        fetch(tmp_path / "data", 1, address=address, sha256=other)
    assert not (tmp_path / "data" / file_names(1)[1]).exists()


@pytest.mark.parametrize("digests", [[], ["0" * 64], ["0" * 64] * 2 + ["z" * 64]])
def test_without_checksums_nothing_is_fetched(tmp_path, digests):
    with pytest.raises(SmugError, match="run sha256sum on them"):
        fetch(tmp_path / "data", 1, address="http://127.0.0.1:9", sha256=digests)
    assert not (tmp_path / "data").exists()


def test_a_server_that_does_not_answer_is_named(tmp_path):
    with pytest.raises(
        SmugError, match=r"cannot fetch http://127\.0\.0\.1:9/reviews\.aspect1\.train"
    ):
        fetch(tmp_path / "data", 1, address="http://127.0.0.1:9", sha256=["0" * 64] * 3)
