import gzip
import json
import logging

import numpy as np
import pytest

from smug.datasets.beer import generator as beer_generator
from smug.datasets.beer import reviews as beer
from smug.datasets.beer.reviews import Reviews
from smug.datasets.beer.splits import split_reviews
from smug.datasets.load import load_prepared
from smug.datasets.prepared import PreparedImages
from smug.errors import SmugError


def settings(**changes):
    values = {
        "source": "generated",
        "root": None,
        "aspect": 1,
        "rationale_aspect": None,
        "explain": "annotated",
        "explained": 4,
        "validation": 8,
        "generated_train": 30,
        "generated_heldout": 20,
        "num_words": 200,
        "max_words": 120,
        "seed": 0,
    }
    return {**values, **changes}


@pytest.fixture
def folder(tmp_path):
    beer_generator.write_reviews(tmp_path, seed=1, train=25, heldout=12, annotated=6)
    return tmp_path


def of_files(folder, **changes):
    return settings(source="files", root=str(folder), validation=5, **changes)


def test_generated_reviews_are_split_and_say_so():
    made, again = split_reviews(**settings()), split_reviews(**settings())
    sizes = [len(part) for part in (made.train, made.validation, made.test, made.explained)]
    assert sizes == [30, 8, 12, 4]
    assert all(p.generated for p in (made.train, made.validation, made.test, made.explained))
    assert np.isfinite(made.explained.scores).all()
    assert made.explained.rationales.any(axis=1).all()
    assert not set(made.validation.ids.tolist()) & set(made.test.ids.tolist())
    assert again.test.ids.tolist() == made.test.ids.tolist()
    assert again.tokenizer == made.tokenizer
    assert split_reviews(**settings(seed=1)).test.ids.tolist() != made.test.ids.tolist()


def test_the_vocabulary_comes_from_the_reviews_trained_on(folder):
    made = split_reviews(**of_files(folder))
    train = beer.read_reviews(beer.review_path(folder, 1, "train"), 1)
    words = {word for review in train for word in " ".join(review.words).split()}
    assert set(made.tokenizer.words) <= words
    assert [len(p) for p in (made.train, made.validation, made.test, made.explained)] == [
        *(25, 5, 7, 4)
    ]


def test_test_reviews_can_be_explained_and_have_no_rationale(folder):
    made = split_reviews(**of_files(folder, explain="heldout", explained=3))
    assert made.explained.ids.tolist() == made.test.ids.tolist()[:3]
    assert not made.explained.rationales.any()


def test_the_rationale_of_another_aspect_is_a_control_with_the_networks_own_score(folder):
    own, other = (
        split_reviews(**of_files(folder, rationale_aspect=aspect)).explained for aspect in (1, 2)
    )
    assert own.ids.tolist() == other.ids.tolist()
    assert np.isfinite(own.scores).all()
    np.testing.assert_array_equal(own.scores, other.scores)
    assert other.rationales.any(axis=1).all()
    assert not (own.rationales & other.rationales).any()


def test_annotations_of_another_aspect_are_named(folder):
    path = folder / "annotations.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(json.dumps({k: v for k, v in i.items() if k != "1"}) for i in lines))
    with pytest.raises(SmugError, match=r"no rationale for aspect 1 \(aroma\)"):
        split_reviews(**of_files(folder))


def test_reviews_of_unknown_words_are_left_out_and_said(folder, caplog):
    path = beer.review_path(folder, 1, "heldout")
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress((text + "1 1 1 1 1\tzzz qqq\n").encode()))
    with caplog.at_level(logging.WARNING):
        made = split_reviews(**of_files(folder))
    assert len(made.validation) + len(made.test) == 12
    assert "heldout-13 left out" in caplog.text


@pytest.mark.parametrize("source", ["files", "download"])
def test_a_source_of_files_needs_a_folder(source):
    with pytest.raises(SmugError, match=rf"dataset\.source={source} needs dataset\.root=<folder>"):
        split_reviews(**settings(source=source))


def test_at_least_one_test_review_is_left(folder):
    with pytest.raises(SmugError, match=r"validation=12 leaves no test review of the 12"):
        split_reviews(**{**of_files(folder), "validation": 12})


def test_a_corrupt_file_is_named(folder):
    path = beer.review_path(folder, 1, "train")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SmugError, match=r"reviews\.aspect1\.train\.txt\.gz is a broken gzip"):
        split_reviews(**of_files(folder))


def test_prepared_files_are_told_apart(tmp_path, folder):
    made = split_reviews(**of_files(folder))
    made.explained.save(tmp_path / "reviews.npz")
    images = PreparedImages(
        np.zeros((2, 4, 4), np.uint8), np.zeros(2), ["a", "b"], np.full((2, 4), np.nan), ["zero"]
    )
    images.save(tmp_path / "images.npz")
    reviews, pictures = (load_prepared(tmp_path / f"{n}.npz") for n in ("reviews", "images"))
    assert isinstance(reviews, Reviews)
    assert isinstance(pictures, PreparedImages)
    np.testing.assert_array_equal(reviews.inputs, made.explained.tokens)
    assert reviews.labels.tolist() == [-1] * 4
    np.testing.assert_array_equal(pictures.inputs, images.images)
    assert [len(reviews.shard(i, 3)) for i in range(3)] == [3, 1, 0]
    assert reviews.shard(1, 3).ids.tolist() == made.explained.ids.tolist()[3:]
    with pytest.raises(SmugError, match="no file"):
        load_prepared(tmp_path / "missing.npz")
