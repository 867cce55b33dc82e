import gzip
import json
import logging

import numpy as np
import pytest

from smug.datasets.beer import reviews as beer
from smug.datasets.beer.tokenizer import Tokenizer
from smug.errors import SmugError


def write_lines(path, lines):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return path


def annotation(**changes):
    item = {"x": ["thin", "head", ",", "nice"], "y": [0.4, None, 0.9, None, None], "0": [[0, 2]]}
    return {**item, **changes}


def write_annotations(path, *items):
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


def test_scores_of_the_aspect_and_words_are_read(tmp_path):
    path = beer.review_path(tmp_path, 1, "heldout")
    write_lines(path, ["0.2 0.90 nan nan nan\tit 's <b>good</b> 🍺 .", "nan 1 nan nan nan\tok"])
    first, second = beer.read_reviews(path, 1)
    assert first == beer.Review("heldout-1", ("it", "'s", "<b>good</b>", "🍺", "."), 0.9)
    assert (second.id, second.score) == ("heldout-2", 1.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.1 0.2 0.3 0.4 0.5 good", "line 2: no tab"),
        ("0.1 0.2\tgood", "line 2: 2 scores, 5 expected"),
        ("0.1 0.2 x 0.4 0.5\tgood", "line 2: .*not numbers"),
        ("0.1 1.2 nan nan nan\tgood", r"line 2: .*\[0, 1\]"),
        ("0.1 nan 0.3 nan nan\tgood", r"line 2: the score of aspect 1 is nan.*\[0, 2\]"),
        ("0.1 0.2 nan nan nan\t  ", "line 2: the review is empty"),
    ],
)
def test_a_malformed_line_is_named_by_its_number(tmp_path, line, message):
    path = write_lines(tmp_path / "reviews.aspect1.train.txt.gz", ["0 1 0 0 0\tfine", line])
    with pytest.raises(SmugError, match=message):
        beer.read_reviews(path, 1)


def test_a_missing_file_is_named_with_what_is_there(tmp_path):
    write_lines(beer.review_path(tmp_path, 0, "train"), ["1 1 1 1 1\tx"])
    with pytest.raises(SmugError, match=r"aspect2\.train.*it holds: reviews\.aspect0\.train"):
        beer.read_reviews(beer.review_path(tmp_path, 2, "train"), 2)
    with pytest.raises(SmugError, match="missing or empty"):
        beer.read_reviews(tmp_path / "no" / "reviews.aspect0.train.txt.gz", 0)


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b"PK" + b, lambda b: b[:40] * 3])
def test_a_corrupt_gzip_is_named(tmp_path, damage):
    rng = np.random.default_rng(0)
    lines = ["1 1 1 1 1\t" + " ".join(map(str, rng.integers(0, 999, 50))) for _ in range(20)]
    path = write_lines(tmp_path / "reviews.aspect0.train.txt.gz", lines)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SmugError, match=r"aspect0\.train\.txt\.gz is a broken gzip"):
        beer.read_reviews(path, 0)


@pytest.mark.parametrize("aspect", [-1, 3, "aroma"])
def test_unknown_aspects_list_the_known_ones(aspect):
    with pytest.raises(SmugError, match="0 appearance, 1 aroma, 2 palate"):
        beer.check_aspect(aspect)


def test_annotations_give_spans_and_unknown_scores_are_nan(tmp_path):
    path = write_annotations(
        tmp_path / "a.json", annotation(id=7), annotation(y=[None] * 5, **{"0": []})
    )
    first, second = beer.read_annotations(path, 0)
    assert first == beer.Review("7", ("thin", "head", ",", "nice"), 0.4, ((0, 2),))
    assert np.isnan(second.score)
    known = annotation(y=[0.1, 0.6, None, None, None])
    (other,) = beer.read_annotations(write_annotations(path, known), 0, score_aspect=1)
    assert (other.score, other.spans) == (0.6, ((0, 2),))
    assert second.spans == ()


@pytest.mark.parametrize(
    ("item", "aspect", "message"),
    [
        (annotation(), 2, r"line 2: no rationale for aspect 2 \(palate\).*aspects \[0\]"),
        (annotation(**{"0": [[2, 5]]}), 0, r"line 2: span \[2, 5\] lies outside.*end <= 4"),
        (annotation(**{"0": [[2, 2]]}), 0, "line 2: span"),
        (annotation(**{"0": [[-1, 2]]}), 0, "line 2: span"),
        (annotation(**{"0": [["0", 2]]}), 0, "line 2: span"),
        (annotation(x=[]), 0, "line 2: the review is empty"),
        (annotation(x=["two words"]), 0, "line 2: 'x' has to hold words"),
        (annotation(y=[0.1]), 0, "line 2: 1 scores"),
        (annotation(y=0.1), 0, "line 2: 'y' is 0.1"),
        ([1], 0, "line 2: an object"),
        (annotation(**{"0": 5}), 0, "line 2: the rationale of aspect 0 is 5; a list"),
        (annotation(id="annotation-1"), 0, "line 2: the id 'annotation-1' stands on line 1"),
    ],
)
def test_a_bad_annotation_is_named_by_its_line(tmp_path, item, aspect, message):
    good = annotation(**{"2": [[0, 1]]})
    path = write_annotations(tmp_path / "annotations.json", good, item)
    with pytest.raises(SmugError, match=message):
        beer.read_annotations(path, aspect)


def test_text_that_is_not_json_is_named(tmp_path):
    path = tmp_path / "annotations.json"
    path.write_text("{]\n")
    with pytest.raises(SmugError, match="line 1: not JSON"):
        beer.read_annotations(path, 0)


def test_prepared_arrays_are_front_padded_and_rationales_follow_their_words():
    review = beer.Review("r", ("Thin", ",", "zzz", "well-laced", "head"), 0.4, ((1, 4),))
    tokenizer = Tokenizer.fit(["thin well laced head"])
    reviews = beer.prepare([review], tokenizer, 0, max_words=7)
    assert reviews.tokens.tolist() == [[0, 0, 0, 1, 2, 3, 4]]
    assert reviews.tokens.dtype == np.int32
    assert reviews.lengths.tolist() == [4]
    assert reviews.rationales.tolist() == [[False] * 4 + [True, True, False]]
    assert reviews.positions.tolist() == [[-1, -1, -1, 0, 3, 3, 4]]
    assert reviews.words(0) == list(review.words)
    saliency = np.array([9, 9, 9, 1.0, 2.0, 5.0, 3.0])
    assert reviews.spread(0, saliency).tolist() == [1, 0, 0, 5, 3]


def test_a_long_review_keeps_its_end_and_the_log_says_so(caplog):
    words = tuple(f"w{i}" for i in range(12))
    tokenizer = Tokenizer.fit([" ".join(words)])
    with caplog.at_level(logging.WARNING):
        reviews = beer.prepare([beer.Review("r", words, 1.0, ((0, 8),))], tokenizer, 0, max_words=5)
    assert [tokenizer.words[i - 1] for i in reviews.tokens[0]] == list(words[-5:])
    assert reviews.rationales[0].tolist() == [True, False, False, False, False]
    assert "1 of 1 reviews: only the last 5 words kept" in caplog.text


def test_reviews_the_model_cannot_see_are_refused():
    tokenizer = Tokenizer.fit(["head"])
    with pytest.raises(SmugError, match="review r: none of its 2 words is in the vocabulary"):
        beer.prepare([beer.Review("r", ("qqq", "."), 1.0)], tokenizer, 0)
    with pytest.raises(SmugError, match="review r is empty"):
        beer.prepare([beer.Review("r", (), 1.0)], tokenizer, 0)


def test_saved_reviews_come_back_the_same(tmp_path):
    raw = [beer.Review("a", ("crème", "🍺"), 0.5, ((0, 1),)), beer.Review("bb", ("x",), np.nan)]
    reviews = beer.prepare(raw, Tokenizer.fit(["crème 🍺 x"]), 2, max_words=4, generated=True)
    reviews.save(tmp_path / "reviews.npz")
    loaded = beer.Reviews.load(tmp_path / "reviews.npz")
    for name in ("tokens", "lengths", "scores", "rationales", "positions", "ids"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(reviews, name))
    assert loaded.texts == ("crème 🍺", "x")
    assert (loaded.aspect, loaded.generated, len(loaded)) == (2, True, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["reviews.npz"]
    assert loaded.take([1]).texts == ("x",)


def test_a_file_that_is_no_archive_is_named(tmp_path):
    (tmp_path / "reviews.npz").write_bytes(b"nothing")
    with pytest.raises(SmugError, match=r"reviews\.npz holds no prepared reviews"):
        beer.Reviews.load(tmp_path / "reviews.npz")


@pytest.mark.shared
def test_the_real_files_load(shared):
    root = shared / "data" / "beer"
    heldout = beer.read_reviews(beer.review_path(root, 0, "heldout"), 0)
    assert len(heldout) == 1372
    assert {review.score for review in heldout} == {0.0, 1.0}
    annotated = beer.read_annotations(root / "annotations.json", 2)
    assert len(annotated) == 150
    tokenizer = Tokenizer.fit(" ".join(review.words) for review in heldout)
    reviews = beer.prepare(annotated, tokenizer, 2)
    assert reviews.tokens.shape == (150, 500)
    for i, review in enumerate(annotated):
        marked = {j for start, end in review.spans for j in range(start, end)}
        spread = set(np.flatnonzero(reviews.spread(i, reviews.rationales[i])).tolist())
        known = {j for j in marked if tokenizer.encode([review.words[j]])[0]}
        assert spread == known
    with pytest.raises(SmugError, match="no rationale for aspect 0"):
        beer.read_annotations(root / "annotations.json", 0)
    with pytest.raises(SmugError, match="the score of aspect 1 is nan"):
        beer.read_reviews(beer.review_path(root, 0, "heldout"), 1)
