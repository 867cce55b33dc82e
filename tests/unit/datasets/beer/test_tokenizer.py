import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smug.datasets.beer.tokenizer import FILTERS, Tokenizer, split_words
from smug.errors import SmugError


def test_words_are_lower_case_and_punctuation_separates_but_the_apostrophe_stays():
    assert split_words("It's a Well-Balanced (hazy) IPA!") == [
        "it's",
        "a",
        "well",
        "balanced",
        "hazy",
        "ipa",
    ]


def test_most_frequent_words_come_first_and_ties_keep_their_first_order():
    tokenizer = Tokenizer.fit(["b a c", "c d", "c a"])
    assert tokenizer.words == ("c", "a", "b", "d")
    assert tokenizer.index == {"c": 1, "a": 2, "b": 3, "d": 4}


def test_num_words_counts_the_padding():
    tokenizer = Tokenizer.fit(["c c c b b a"], num_words=3)
    assert tokenizer.words == ("c", "b")
    assert max(tokenizer.encode(["c", "b", "a"])[0]) == 2


def test_unknown_words_are_left_out_and_positions_point_at_the_raw_words():
    tokenizer = Tokenizer.fit(["full bodied head"])
    indices, positions = tokenizer.encode(["Full-bodied", ",", "zzz", "head"])
    assert [tokenizer.words[i - 1] for i in indices] == ["full", "bodied", "head"]
    assert positions == [0, 0, 3]


def test_saved_vocabulary_comes_back_the_same(tmp_path):
    tokenizer = Tokenizer.fit(["it's crème 🍺 brûlée"], num_words=50)
    tokenizer.save(tmp_path / "vocabulary.json")
    assert Tokenizer.load(tmp_path / "vocabulary.json") == tokenizer
    assert [p.name for p in tmp_path.iterdir()] == ["vocabulary.json"]


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"format": "other", "words": []})])
def test_another_file_is_not_a_vocabulary(tmp_path, content):
    path = tmp_path / "vocabulary.json"
    path.write_text(content)
    with pytest.raises(SmugError, match="vocabulary"):
        Tokenizer.load(path)


def test_missing_vocabulary_is_named(tmp_path):
    with pytest.raises(SmugError, match=r"nowhere\.json"):
        Tokenizer.load(tmp_path / "nowhere.json")


def test_texts_without_words_are_refused():
    with pytest.raises(SmugError, match="no word"):
        Tokenizer.fit(["...", ""])


@given(st.text())
def test_any_text_splits_into_words_without_separators(text):
    for word in split_words(text):
        assert word
        assert not set(word) & set(FILTERS + " ")
