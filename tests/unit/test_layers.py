"""Imports run one way, as docs/architecture.md draws it, and rooms are found by their names."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
#: Tests of the repository's files, or of several modules together.
ELSEWHERE = {
    "test_examples.py",
    "test_explain.py",
    "test_hostile.py",
    "test_image_tables.py",
    "test_interfaces.py",
    "test_layers.py",
    "test_magnitudes.py",
    "test_makefile.py",
    "test_project.py",
    "test_quantus.py",
    "test_volumes.py",
}


def _modules():
    found = {}
    for path in sorted((SOURCE / "smug").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        # A package's own module is a room beside its other modules.
        found[parts] = path
    return found


MODULES = _modules()


def _module(name):
    """Path of a dotted name among MODULES, or None for another library's."""
    parts = tuple(name.split("."))
    return next((p for p in (parts, (*parts, "__init__")) if p in MODULES), None)


def _imports(path):
    """Dotted names that a file imports anywhere, and functions it names by a string."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if _module(inner) else node.module), node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = re.fullmatch(r"(smug(?:\.\w+)+):\w+", node.value)
            if named:
                yield named[1], node.lineno


ARROWS = [
    (module, target, f"{path.relative_to(ROOT)}:{line} imports {name}")
    for module, path in MODULES.items()
    for name, line in _imports(path)
    if (target := _module(name)) is not None and target != module
]


def _layers(page):
    """Floor of each room at the root of the package, 0 at the bottom."""
    block = re.search(r"^```layers\n(.*?)^```", page, re.M | re.S)[1]
    floors = reversed([line.split() for line in block.splitlines() if line.strip()])
    return {room: floor for floor, rooms in enumerate(floors) for room in rooms}


LAYERS = _layers((ROOT / "docs" / "architecture.md").read_text("utf-8"))


def upward(arrows, layers):
    """Say which arrows leave a room of the root for its own floor or a higher one."""
    return [
        why
        for (_, room, *_), (_, other, *_), why in arrows
        if room != other and layers[room] <= layers[other]
    ]


def circles(arrows):
    """A circle among what stands side by side in each folder, modules and folders alike."""
    graphs = {}
    for module, target, _ in arrows:
        common = 0
        while module[common] == target[common]:
            common += 1
        graph = graphs.setdefault(module[:common], {})
        graph.setdefault(module[common], set()).add(target[common])
    for graph in graphs.values():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            yield error.args[1]


def test_every_room_stands_on_a_floor():
    assert {parts[1] for parts in MODULES} == set(LAYERS)


def test_no_import_runs_upwards():
    assert upward(ARROWS, LAYERS) == []


def test_nothing_imports_in_a_circle():
    assert list(circles(ARROWS)) == []


@pytest.mark.parametrize("arrow", [("masks", "models"), ("io", "limits"), ("errors", "io")])
def test_an_arrow_upwards_or_along_a_floor_is_seen(arrow):
    room, other = (("smug", name, "some") for name in arrow)
    assert upward([(room, other, "found")], LAYERS) == ["found"]


def test_a_circle_between_folders_is_seen_where_no_two_modules_make_one():
    a, b = ("smug", "x", "a"), ("smug", "y", "b")
    c, d = ("smug", "y", "c"), ("smug", "x", "d")
    assert len(list(circles([(a, b, ""), (c, d, "")]))) == 1
    assert not list(circles([(a, b, ""), (a, c, "")]))


def test_masks_know_no_network_library():
    for parts, path in MODULES.items():
        if parts[1] == "masks":
            found = {name.partition(".")[0] for name, _ in _imports(path)}
            assert not found & {"keras", "tensorflow"}, path


@pytest.mark.parametrize("library", ["tensorflow", "jax", "torch"])
def test_only_the_backend_imports_what_keras_runs_on(library):
    users = {
        parts[:4]
        for parts, path in MODULES.items()
        for name, _ in _imports(path)
        if name.partition(".")[0] == library
    }
    rooms = {("smug", "models", "backend")}
    if library == "torch":
        rooms.add(("smug", "models", "modules"))
    assert {user[:3] for user in users} <= rooms, users


def test_few_modules_lie_loose_at_the_root():
    loose = [p.name for p in (SOURCE / "smug").glob("*.py") if p.stem != "__init__"]
    assert len(loose) <= 10, loose


STAGES = sorted(p[2] for p in MODULES if p[1] == "stages" and len(p) == 3 and p[2] != "__init__")


@pytest.fixture(scope="module")
def rules():
    """Every rule by its name, as Snakemake reads the workflow."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import OutputSettings, ResourceSettings

    with SnakemakeApi(OutputSettings()) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1), snakefile=ROOT / "Snakefile", workdir=ROOT
        )
        return {rule.name: rule for rule in workflow._workflow.rules}


def _parts(path):
    """Folders of a path, and its file without the ending, without wildcards behind the name."""
    return {re.sub(r"(\.\w+)+$|_?\{.*$", "", part) for part in re.split(r"/(?![^{]*\})", str(path))}


@pytest.mark.parametrize("stage", STAGES)
def test_one_name_four_places(rules, stage):
    assert stage in rules, f"no rule {stage}"
    rule = rules[stage]
    # What is prepared stands under its dataset's name.
    names = {stage, "prepare"} if stage.startswith("prepare_") else {stage}
    for place in ("log", "output"):
        paths = getattr(rule, place)
        assert any(names & _parts(path) for path in paths), f"{stage}: {place} {list(paths)}"


TESTS = sorted(path.relative_to(ROOT / "tests/unit") for path in ROOT.glob("tests/unit/**/test_*"))


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_a_test_stands_where_its_room_stands(test):
    if test.parts[0] in ("benchmarks", "docs"):
        beside = ROOT / test.parts[0] / test.name.removeprefix("test_")
        assert beside.is_file() or test.name in ELSEWHERE
        return
    name = test.stem.removeprefix("test_")
    room = SOURCE / "smug" / test.parent
    # A folder's own tests may bear the folder's name; a folder inside may have one file of tests.
    known = name == room.name or (room / name).is_dir() or (room / f"{name}.py").is_file()
    assert known or test.name in ELSEWHERE, f"tests/unit/{test} is named after no module"
