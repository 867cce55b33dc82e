import contextlib
import hashlib
import json
import shutil

import pytest

from smug.errors import SmugError
from smug.io import save_json
from smug.jobs import records


def make(folder, record, *files, stage="attribute", reads=(), config=None):
    """Files of one letter each, and their record, as a job leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        (folder / name).write_text(name[0])
    io = {"made": [str(folder / name) for name in files], "read": [str(path) for path in reads]}
    records.write_record(folder / record, stage, config or {}, io, {"n": (1, 2)}, {"seconds": 0.5})
    return folder / record


def test_a_record_holds_the_hashes_and_comes_back(tmp_path):
    path = make(tmp_path, "a.json", "a.npz", config={"method": {"gamma": 0.1, 3: None}})
    record = records.load_record(path)
    assert record["files"] == {str(tmp_path / "a.npz"): hashlib.sha256(b"a").hexdigest()}
    assert record["config"] == {"method": {"gamma": 0.1, "3": None}}
    assert record["summary"] == {"n": [1, 2]}


def test_every_changed_letter_of_a_record_is_noticed_or_means_the_same(tmp_path):
    path = make(tmp_path, "a.json", "a.npz")
    content, text = records.load_record(path), path.read_text()
    for place in range(0, len(text), 3):
        path.write_text(text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :])
        with contextlib.suppress(SmugError):
            assert records.load_record(path) == content


def test_records_of_earlier_versions_are_read(tmp_path):
    path = make(tmp_path, "a.json", "a.npz")
    content = json.loads(path.read_text())
    save_json(path, {k: v for k, v in content.items() if k not in ("sha256", "record")})
    assert records.load_record(path)["stage"] == "attribute"
    assert records.check_inputs({"data": [str(tmp_path / "a.npz")]})


def test_other_json_is_no_record(tmp_path):
    for content in ([1], {"stage": "attribute"}, {"accuracy": 0.9}, 3):
        save_json(tmp_path / "x.json", content)
        assert records.load_record(tmp_path / "x.json") is None


@pytest.mark.parametrize(
    ("record", "file"),
    [("0.json", "0.npz"), ("record.json", "data.npz"), ("m.record.json", "m.json")],
)
def test_a_changed_input_is_refused_under_every_name_of_its_record(tmp_path, record, file):
    make(tmp_path, record, file)
    io = {"data": [str(tmp_path / file)], "record": [str(tmp_path / "out" / "x.json")]}
    digest = hashlib.sha256(file[0].encode()).hexdigest()
    assert records.check_inputs(io) == {str(tmp_path / file): digest}
    (tmp_path / file).write_text("b")
    with pytest.raises(SmugError, match=rf"{file} is not the file that .*{record} tells of.*again"):
        records.check_inputs(io)


def test_an_input_that_is_a_record_is_held_against_its_own_checksum(tmp_path):
    path = make(tmp_path, "0.json", "0.npz")
    io = {"settings": [str(path)]}
    assert records.check_inputs(io) == {}
    path.write_text(path.read_text().replace('"seconds": 0.5', '"seconds": 0.6'))
    with pytest.raises(SmugError, match=r"0\.json is damaged"):
        records.check_inputs(io)


def test_what_a_job_writes_itself_and_what_has_no_record_is_not_checked(tmp_path):
    path = make(tmp_path, "0.json", "0.npz")
    (tmp_path / "0.npz").write_text("damaged")
    (tmp_path / "by_hand.npz").write_text("mine")
    io = {"out": [str(tmp_path / "0.npz")], "in": [str(tmp_path / "by_hand.npz")]}
    assert records.check_inputs({**io, "record": [str(path)]}) == {}


def test_an_input_of_the_same_name_in_another_folder_is_another_file(tmp_path):
    first = make(tmp_path / "attribute", "0.json", "0.npz")
    make(tmp_path / "solve_masks", "0.json", "0.npz", reads=[first.with_suffix(".npz")])
    (tmp_path / "attribute" / "0.npz").write_text("b")
    assert records.check_inputs({"masks": [str(tmp_path / "solve_masks" / "0.npz")]})


@pytest.mark.parametrize("absolute", [True, False])
def test_a_moved_folder_stays_whole(tmp_path, monkeypatch, absolute):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" if absolute else (tmp_path / "results").relative_to(tmp_path)
    first = make(folder / "attribute", "0.json", "0.npz")
    make(folder / "tables", "t.json", "t.csv", reads=[first.with_suffix(".npz")])
    shutil.move("results", "moved")
    monkeypatch.chdir("/")
    found = records.recorded_files(
        tmp_path / "moved/tables/t.json", records.load_record(tmp_path / "moved/tables/t.json")
    )
    assert set(found) == {tmp_path / "moved/tables/t.csv", tmp_path / "moved/attribute/0.npz"}
    assert records.check_inputs({"x": [str(tmp_path / "moved/attribute/0.npz")]})
