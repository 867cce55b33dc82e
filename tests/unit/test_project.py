"""The project's own files agree with each other."""

import ast
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()


def _name(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def test_the_lock_pins_and_hashes_every_dependency():
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.M))
    extras = PROJECT["optional-dependencies"]
    locked = ("tensorflow", "dev", "docs", "cpsat", "crate", "slurm")
    wanted = PROJECT["dependencies"] + [r for extra in locked for r in extras[extra]]
    assert {_name(requirement) for requirement in wanted} <= set(pinned)
    entries = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.M)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_names_no_package_index():
    assert not re.search(r"^\s*(--?\w|http)", re.sub(r"--hash=\S+", "", LOCK), re.M)


def test_conda_users_get_the_same_python_and_packages():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python = next(d for d in environment["dependencies"] if str(d).startswith("python "))
    assert python.removeprefix("python ") == PROJECT["requires-python"]
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["-r requirements.lock"]


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    deposition = json.loads((ROOT / ".zenodo.json").read_text())
    assert citation["version"] == deposition["version"] == PROJECT["version"]
    assert f'__version__ = "{PROJECT["version"]}"' in (ROOT / "src/smug/__init__.py").read_text()
    top = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert top[1] == PROJECT["version"]
    dates = {str(citation.get("date-released")), str(deposition.get("publication_date"))}
    assert dates == {"None" if top[2] == "unreleased" else top[2]}


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_hands_overrides_on_with_their_quotes(tmp_path):
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, script in (("snakemake", 'printf "%s\\n" "$@"'), ("python", "echo demo")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    for path in ("requirements.lock", "pyproject.toml", ".venv/installed"):
        (tmp_path / path).touch()
    shutil.copy(ROOT / "Makefile", tmp_path)
    given = "network_limits.hidden=['5'] dataset.root='/a b' solver.timeout=3"
    made = subprocess.run(
        ["make", "--silent", "report", f"override={given}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.splitlines()[:2] == ["--config", f"override={given}"]


@pytest.mark.parametrize("page", ["README.md", "DATA.md", "CONTRIBUTING.md", "docs/results.md"])
def test_paths_that_a_page_links_to_exist(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        if not re.match(r"\w+:", target):
            assert (ROOT / page).parent.joinpath(target).exists(), target


def test_rooms_stay_habitable():
    limits = {"Snakefile": 50, "workflow/rules/*.smk": 150, "src/smug/stages/*.py": 100}
    limits |= {"src/smug/**/*.py": 400, "tests/**/*.py": 400}
    for pattern, most in limits.items():
        for path in ROOT.glob(pattern):
            lines = len(path.read_text().splitlines())
            assert lines <= most, f"{path.relative_to(ROOT)} has {lines} lines, more than {most}"


QUESTION = re.compile(r"(What|Which|Whether|How|Where|When|Why|Who|Whose)\b")


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "docs"])
def test_docstrings_open_with_the_thing_itself(folder):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    asked = [
        f"{path.relative_to(ROOT)}: {docstring.splitlines()[0]}"
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds) and QUESTION.match(docstring := ast.get_docstring(node) or "")
    ]
    assert asked == []


def _code_lines(function):
    """Lines of a function's body, docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def test_functions_stay_short():
    for path in (ROOT / "src/smug").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                lines = _code_lines(node)
                assert lines <= 60, f"{path.name}: {node.name} has {lines} lines of code"


def test_every_warning_is_of_one_kind():
    warned = [
        (path.name, [ast.unparse(part) for part in node.args[1:2]])
        for path in (ROOT / "src/smug").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("warnings.warn", "warn")
    ]
    assert warned
    assert [name for name, kinds in warned if kinds != ["SmugWarning"]] == []


def _rules():
    """Text of every rule by its name, inputs and outputs and all."""
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    found = re.finditer(r"^use rule stage as (\w+) with:\n(?:    .*\n)+", text, re.M)
    return {match[1]: match[0].strip() for match in found}


def test_rules_stay_short():
    rules = _rules()
    assert len(rules) > 40
    for name, text in rules.items():
        lines = len(text.splitlines())
        assert lines <= 20, f"rule {name} has {lines} lines"


def test_every_rule_has_its_own_log():
    for name, text in _rules().items():
        assert re.search(rf'"\{{OUT\}}/logs/{name}[./]', text), f"rule {name}"


def test_every_figure_and_table_is_in_the_report_with_a_caption():
    rules = "".join(_rules().values())
    # Rules reach these files by figure() and table() alone, which put them into the report.
    assert not re.findall(r"/(?:figures|tables)/[\w{}]+\.(?:png|csv)", rules)
    reported = re.findall(r'\*\*(?:figure|table)\(\s*"(\w+?)(?:_\{dataset\})?"', rules)
    captions = {path.stem for path in (ROOT / "workflow/report").glob("*.rst")}
    assert set(reported) == captions - {"workflow"}
