import json

import pytest

from smug.cli.labels import read_labels
from smug.errors import SmugError


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt", "cat\ndog, hot\nmug\n"),
        ("x.names", "\ufeffcat\r\n dog, hot \r\nmug\r\n\r\n"),
        ("x.json", '["cat", "dog, hot", "mug"]'),
        ("x.csv", 'index,name\n0,cat\n2,mug\n1,"dog, hot"\n'),
        ("x.csv", '0,cat\r\n1,"dog, hot"\r\n2, mug\r\n'),
        ("x.JSON", '{"2": "mug", "0": "cat", "1": "dog, hot"}'),
    ],
)
def test_names_are_read_in_the_order_of_the_outputs(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8", newline="")
    assert read_labels(tmp_path / name) == ("cat", "dog, hot", "mug")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt", "a\u2028b\nc\x0cd\ne\x85f"),
        ("x.csv", '0,a\u2028b\n1,c\x0cd\n2,"e\x85f"\n'),
        ("x.json", '["a\u2028b", "c\\fd", "e\x85f"]'),
    ],
)
def test_a_name_may_hold_signs_that_end_lines_elsewhere(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8", newline="")
    assert read_labels(tmp_path / name) == ("a\u2028b", "c\x0cd", "e\x85f")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.txt", "", "without a name"),
        ("x.txt", "cat\n\nmug", "without a name"),
        ("x.csv", "0,cat\n2,mug\n", "no table of index and name"),
        ("x.csv", "0,cat\n0,mug\n", "no table of index and name"),
        ("x.csv", "index,name\ncat,0\n", "no table of index and name"),
        ("x.csv", "0,cat,1\n", "no table of index and name"),
        ("x.csv", "", "without a name"),
        ("x.json", "[1, 2]", "holds no names"),
        ("x.json", '{"1": "a"}', "no mapping"),
        ("x.json", '{"0": "a", "0": "b", "1": "c"}', "no mapping"),
        ("x.json", '{"a": "a"}', "no mapping"),
        ("x.json", "[" * 100_000, "no mapping"),
        ("x.json", json.dumps("cat"), "holds no names"),
        ("x.txt", b"\xff\xfe\x00", "save it as UTF-8"),
    ],
)
def test_a_file_that_names_no_classes_is_refused(tmp_path, name, content, said):
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SmugError, match=said) as found:
        read_labels(tmp_path / name)
    assert name in str(found.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SmugError, match=r"no file of labels .*x\.txt"):
        read_labels(tmp_path / "x.txt")
