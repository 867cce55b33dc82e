"""Review files that nobody honest writes: refused in one sentence, with little memory."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from smug.datasets.beer import lines
from smug.datasets.beer import reviews as beer
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError
from tests.damage import flipped

from .test_reviews import annotation, write_annotations, write_lines


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[" * 100_000, "line 2: not JSON"),
        (json.dumps(annotation()).replace("0.4", "1" * 5000), "line 2: not JSON"),
        (json.dumps(annotation()).replace("0.4", "1" + "0" * 400), "line 2: scores .* not numbers"),
        (json.dumps(annotation()).replace("0.4", "1e400"), "line 2: scores"),
        (json.dumps(annotation()).replace("0.4", "true"), "line 2: scores"),
        (json.dumps(annotation(x=["a", "\ud800", "b", "c"])), "line 2: 'x' holds half a letter"),
        (json.dumps(annotation(id="\ud800")), "line 2: the id"),
        (json.dumps(annotation(id="a" * 101)), "line 2: the id"),
        (json.dumps(annotation(id="a\0")), "line 2: the id"),
        (json.dumps(annotation(id="")), "line 2: the id"),
        (json.dumps(annotation()) + " " * 2**20, "line 2: at most 1048576 bytes"),
    ],
)
def test_a_hostile_annotation_is_named_by_its_line(tmp_path, line, said):
    path = write_annotations(tmp_path / "annotations.json", annotation())
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(SmugError, match=said) as stop:
        beer.read_annotations(path, 0)
    assert len(str(stop.value)) < 4000


def test_byte_order_marks_are_passed_over(tmp_path):
    path = write_annotations(tmp_path / "annotations.json", annotation())
    plain = beer.read_annotations(path, 0)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert beer.read_annotations(path, 0) == plain
    packed = tmp_path / "reviews.aspect0.train.txt.gz"
    with gzip.open(packed, "wt", encoding="utf-8-sig", newline="\r\n") as file:
        file.write("0.5 1 1 1 1\tnice head\n0.6 1 1 1 1\tthin\n")
    first, second = beer.read_reviews(packed, 0)
    assert (first.score, first.words, second.words) == (0.5, ("nice", "head"), ("thin",))


@pytest.mark.parametrize("lines", [[], [""], ["", ""]])
def test_files_without_a_review_are_refused(tmp_path, lines):
    path = write_lines(tmp_path / "reviews.aspect0.train.txt.gz", lines)
    with pytest.raises(SmugError, match=r"holds no review|line 1: no tab"):
        beer.read_reviews(path, 0)


def test_text_that_is_not_utf_8_is_named_by_its_line(tmp_path):
    path = tmp_path / "annotations.json"
    path.write_bytes(b'{}\n{"x": ["cr\xe8me"]}\n')
    with pytest.raises(SmugError, match="line 2 is not UTF-8 text"):
        lines.read_lines(path)


def test_limits_on_lines_and_on_the_text(tmp_path, monkeypatch):
    path = write_lines(tmp_path / "reviews.aspect0.train.txt.gz", ["1 1 1 1 1\tx"] * 5)
    assert len(beer.read_reviews(path, 0)) == 5
    monkeypatch.setattr(lines, "MOST_LINES", 4)
    with pytest.raises(SmugError, match=r"line 5: at most .* and 4 lines"):
        beer.read_reviews(path, 0)
    monkeypatch.setattr(lines, "MOST_LINES", 5)
    monkeypatch.setattr(lines, "LONGEST_TEXT", 20)
    with pytest.raises(SmugError, match="unpacks to more than 20 bytes"):
        beer.read_reviews(path, 0)


BOMB = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
from pathlib import Path
from smug.datasets.beer.lines import read_lines
from smug.errors import SmugError
try:
    read_lines(Path(sys.argv[1]))
except SmugError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory")
@pytest.mark.parametrize("line", [b"0" * 2**24, b"1 1 1 1 1\ta\n" * 2**20])
def test_a_packed_bomb_is_refused_before_it_fills_the_memory(tmp_path, line):
    path = tmp_path / "reviews.aspect0.train.txt.gz"
    path.write_bytes(gzip.compress(line) * (1200 * 2**20 // len(line)))
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], capture_output=True, text=True, check=False
    )
    assert "at most 1048576 bytes in a line and 1000000 lines are read" in done.stdout, done.stderr


@pytest.mark.parametrize("reader", [beer.Reviews.load, Tokenizer.load])
def test_damaged_files_are_refused_or_mean_the_same(tmp_path, reader):
    rng = np.random.default_rng(0)
    tokenizer = Tokenizer.fit(["thin head , nice"])
    raw = [beer.Review("a", ("thin", "head"), 0.5, ((0, 1),)), beer.Review("b", ("nice",), 1.0)]
    path = tmp_path / "damaged"
    made = tokenizer if reader == Tokenizer.load else beer.prepare(raw, tokenizer, 0, max_words=6)
    made.save(path)
    content = path.read_bytes()
    cut = [content[:size] for size in rng.integers(0, len(content), 20)]
    bits = rng.integers(0, 8 * len(content), 200)
    for damaged in (*cut, *flipped(content, bits), b"", b"PK", b"null", b"{}", b"[1]"):
        path.write_bytes(damaged)
        try:
            reader(path)
        except SmugError as error:
            said = str(error)
        else:
            said = "damaged"
        assert "damaged" in said or "vocabulary" in said
