import json

import numpy as np
import pytest

from smug.datasets.beer.tokenizer import Tokenizer
from smug.datasets.own.texts import ReadTexts, Vocabulary, as_tokens, read_texts
from smug.errors import SmugError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "texts.jsonl"
    rows = [
        {"text": "A good, good beer", "label": "yes", "rationale": [[1, 3]], "key": "p"},
        {"text": "flat  beer", "label": "no", "rationale": None, "key": "q"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_texts_have_labels_names_and_marked_words(table):
    read = read_texts(table, text="text", ids="key")
    assert read.texts == ["A good, good beer", "flat  beer"]
    assert (read.labels, read.ids) == (["yes", "no"], ["p", "q"])
    assert read.spans == [[(1, 3)], []]
    assert read_texts(table, text="text").ids == ["1", "2"]


def test_a_csv_writes_marked_words_as_json(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text('text,why\na good beer,"[[1, 2]]"\nflat,\n')
    assert read_texts(path, text="text", rationale="why").spans == [[(1, 2)], []]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"text": " "}, r"row 2 holds ' ', no text"),
        ({"text": 3}, r"row 2 holds"),
        ({"text": "a b", "rationale": [[1, 3]]}, r"row 2: rationale: \[1, 3\] lies outside"),
        ({"text": "a b", "rationale": "words"}, r"row 2: rationale is no list of \[start, end\]"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(tmp_path, line, said):
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps({"text": "x"}) + "\n" + json.dumps(line))
    with pytest.raises(SmugError, match=said):
        read_texts(path, text="text")
    with pytest.raises(SmugError, match=r"unknown dataset.text 'words'; known: .*text"):
        read_texts(path, text="words")


@pytest.mark.parametrize(
    ("name", "content", "unknown"),
    [
        ("v.txt", "\n[UNK]\ngood\nbeer", 1),
        ("v.json", json.dumps(["", "[UNK]", "good", "beer"]), 1),
        ("v.json", json.dumps({"good": 2, "beer": 3}), None),
    ],
)
def test_a_vocabulary_is_a_list_or_a_mapping(tmp_path, name, content, unknown):
    (tmp_path / name).write_text(content)
    words = Vocabulary.load(tmp_path / name)
    assert (words.ids["good"], words.ids["beer"], words.unknown) == (2, 3, unknown)
    ids, places = words.encode("Good, beer! what")
    assert (ids, places) == (([2, 3, 1], [0, 1, 2]) if unknown else ([2, 3], [0, 1]))


def test_the_projects_own_vocabulary_is_read(tmp_path):
    Tokenizer(("good", "beer"), 10).save(tmp_path / "v.json")
    assert Vocabulary.load(tmp_path / "v.json").ids == {"good": 1, "beer": 2}


@pytest.mark.parametrize("content", ["{", "3", '{"a": "b"}', '{"a": -1}', "[]"])
def test_what_is_no_vocabulary_is_named(tmp_path, content):
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(SmugError, match=r"v.json lists no words by their ids"):
        Vocabulary.load(tmp_path / "v.json")
    with pytest.raises(SmugError, match=r"no vocabulary .*w.txt; name your network's list"):
        Vocabulary.load(tmp_path / "w.txt")


WORDS = Vocabulary({"a": 2, "b": 3, "c": 4}, None)
READ = ReadTexts(["a x b c", "b"], None, ["p", "q"], [[(2, 4)], []])


def test_short_texts_are_filled_up_and_long_ones_cut_where_the_network_has_it():
    end = as_tokens(READ, [0, 1], WORDS, 2, "end")
    assert end["tokens"].tolist() == [[2, 3], [3, 0]]
    assert end["positions"].tolist() == [[0, 2], [0, -1]]
    assert end["rationales"].tolist() == [[False, True], [False, False]]
    front = as_tokens(READ, [1, 0], WORDS, 2, "front")
    assert front["tokens"].tolist() == [[0, 3], [3, 4]]
    assert front["positions"].tolist() == [[-1, 0], [2, 3]]
    assert front["lengths"].tolist() == [1, 2]
    assert front["ids"].tolist() == ["q", "p"]
    assert np.isnan(front["scores"]).all()


def test_a_text_of_unknown_words_alone_is_named():
    read = ReadTexts(["x y"], None, ["p"], [[]])
    with pytest.raises(SmugError, match=r"text p: the vocabulary knows none of its words, 'x y'"):
        as_tokens(read, [0], WORDS, 2, "end")
