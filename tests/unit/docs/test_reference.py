"""The tables of the reference pages say what the code says."""

import importlib.util
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from smug.errors import SmugError
from smug.jobs.settings import SCHEMAS
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS, Setting, method_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
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


def test_every_key_of_the_schema_has_a_row_with_its_meaning(reference):
    made = reference.configuration()
    for (group, _), schema in SCHEMAS.items():
        for field in fields(schema):
            if field.name != "name":
                assert f"\n| `{group}.{field.name}` | " in made
                assert field.metadata["help"].replace("|", "\\|") in made


def test_a_key_shows_its_values_with_files_and_origins(reference):
    made = reference.configuration()
    (row,) = [line for line in made.splitlines() if line.startswith("| `method.window` |")]
    assert "| whole number | " in row
    assert "imagenet: `4` (paper: 3-4 pixels)" in row
    assert "| [1, 1000000000] | Side of a window" in row
    assert "| `mnist:solver.timeout` | `2.0` (ours: the paper allows 600) |" in made


def test_files_that_build_on_others_show_what_they_take_over(reference, tmp_path):
    (tmp_path / "base.yaml").write_text("defaults: [a_schema, _self_]\na: 1  # paper\nb: 2\n")
    inner = "defaults: [base, _self_]\nb: 3 # ours: <why>\nc:\n  d: 4\n"
    (tmp_path / "more.yaml").write_text(inner)
    found = reference.values(tmp_path / "more.yaml")
    shown = {key: str(value) for key, value in found.items()}
    assert shown == {"a": "`1` (paper)", "b": "`3` (ours: &lt;why>)", "c.d": "`4`"}
    assert reference.schema_of(tmp_path / "more.yaml") == "a_schema"


def test_a_key_without_a_meaning_is_refused(reference):
    @dataclass
    class Mute:
        gamma: float = 0.0

    with pytest.raises(SmugError, match=r"Mute.gamma has no meaning; write gamma: … = described"):
        reference.meaning(Mute, fields(Mute)[0])


def test_bars_do_not_break_a_table(reference):
    assert reference.table(["a"], [["x|y"]]).splitlines()[2] == "| x\\|y |"


def test_settings_that_take_several_kinds_name_them(reference):
    found = {"threads": Setting(None, (str, type(None)))}
    (row,) = reference._rows("smug.masks.solvers:solve", found)
    assert row[:3] == ("`threads`", "text or null", "`None`")
    assert row[4] == "Threads a solver may use (Z3 always uses one)."
