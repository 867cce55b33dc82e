"""The tables of the reference pages say what the code says."""

import importlib.util
from pathlib import Path

import pytest

from smug.errors import SmugError
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS, Setting, method_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_up_to_date(reference):
    reference.check()


def test_an_old_table_is_named_with_the_command_that_renews_it(reference, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    reference.main()
    reference.check()
    (tmp_path / "solvers.md").write_text("old")
    (tmp_path / "methods.md").unlink()
    said = r"methods.md, docs/reference/solvers.md .*; run: python docs/reference.py"
    with pytest.raises(SmugError, match=said):
        reference.check()


def test_every_method_and_every_setting_of_it_has_a_row(reference):
    made = reference.methods()
    for name in METHODS:
        assert f"\n## {name}\n" in made
        section = made.split(f"\n## {name}\n")[1].split("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == list(method_settings(name))
    assert "| `gamma` | number | `0.0` | [0, 1) |" in made


def test_every_solver_has_a_row(reference):
    rows = reference.solvers().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(SOLVERS)
    assert ".[cpsat]" in rows[list(SOLVERS).index("cpsat")]


def test_bars_do_not_break_a_table(reference):
    assert reference.table(["a"], [["x|y"]]).splitlines()[2] == "| x\\|y |"


def test_settings_that_take_several_kinds_name_them(reference):
    rows = list(reference._rows({"layer": Setting(None, (str, type(None)))}))
    assert rows == [("`layer`", "text or null", "`None`", "")]
