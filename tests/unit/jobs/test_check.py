import os

import pytest

from smug import cli
from smug.errors import SmugError
from smug.jobs.check import check_results, check_shown

from .test_records import make


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of two shards, one table of both, and a figure whose record stands elsewhere."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "demo"
    reads = [make(folder / "attribute", f"{i}.json", f"{i}.npz") for i in range(2)]
    arrays = [path.with_suffix(".npz") for path in reads]
    make(folder / "tables", "t.json", "t.csv", "t.tex", stage="table", reads=[*arrays, *reads])
    (folder / "figures").mkdir()
    (folder / "figures" / "f.png").write_text("f")
    make(folder / "tables", "f.json", stage="f", reads=[folder / "figures" / "f.png"])
    (folder / "metrics.json").write_text("{}")
    return folder


def test_a_whole_run_is_said_to_be_whole(run, capsys):
    cli.main(["check", str(run)])
    assert capsys.readouterr().out == "7 files of 4 records checked, 0 wrong\n"


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["tables/t.csv", "figures/f.png", "attribute/1.npz"])
@pytest.mark.parametrize("damage", [flip, lambda path: path.write_bytes(b""), os.unlink])
def test_a_damaged_file_is_named_with_the_way_to_make_it_again(run, name, damage, capsys):
    path = run / name
    before = path.stat()
    damage(path)
    if path.exists():
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(SystemExit) as stop:
        cli.main(["check", "results/demo"])
    assert stop.value.code == 1
    said = capsys.readouterr().out
    assert f"results/demo/{name}: " in said
    assert "7 files of 4 records checked, 1 wrong" in said
    assert (f"rm results/demo/{name}" in said) == path.exists()


def test_a_run_with_a_damaged_table_or_figure_is_not_shown(run):
    check_shown(run)
    flip(run / "attribute" / "1.npz")
    check_shown(run)
    flip(run / "tables" / "t.csv")
    flip(run / "figures" / "f.png")
    with pytest.raises(
        SmugError, match=r"rm results/demo/figures/f\.png results/demo/tables/t\.csv, then"
    ):
        check_shown(run)
    (run / "tables" / "t.csv").unlink()
    (run / "figures" / "f.png").unlink()
    check_shown(run)


def test_a_damaged_record_is_wrong_whatever_is_damaged(run):
    path = run / "tables" / "t.json"
    text = path.read_text()
    for changed in (text[:-9], "", text.replace('"stage"', '"stagf"'), text.replace("0.5", "0.6")):
        path.write_text(changed)
        assert list(check_results(run).wrong) == [path]


def test_results_older_than_their_inputs_are_said_and_not_wrong(run):
    (run / "attribute" / "0.npz").write_text("made anew")
    make_again = make(run / "attribute", "0.json", stage="attribute", reads=[])
    io = [run / "attribute" / "0.npz"]
    make(make_again.parent, "0.json", stage="attribute", reads=io)
    found = check_results(run)
    assert found.wrong == {}
    assert list(found.outdated) == [run / "tables" / "t.json"]


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(SmugError, match="no folder"):
        check_results(tmp_path / "nowhere")
    with pytest.raises(SmugError, match="no records below"):
        check_results(tmp_path)
