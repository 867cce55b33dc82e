import dataclasses
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import ValidationError

from smug.errors import SmugError
from smug.jobs import config, dependencies, groups, signatures
from smug.jobs.overrides import Override, flatten, hydra_value
from smug.jobs.run import JobSettings
from smug.jobs.settings import SCHEMAS
from smug.jobs.settings.explainers import ExplainerSettings, explainer_schema
from smug.jobs.settings.explanations import MethodSettings
from smug.methods import METHODS, Method


def overrides(text):
    parsed = config.parse_overrides(text)
    config.check_overrides(parsed)
    return parsed


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"])),
)


@given(value=st.one_of(VALUES, st.lists(VALUES, max_size=4)))
def test_hydra_reads_back_what_hydra_value_writes(value):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_override(f"key={hydra_value(value)}")
    assert _text(parsed.value()) == value


def _text(value):
    if isinstance(value, list):
        return [_text(item) for item in value]
    # A quoted string keeps its interpolation escaped until OmegaConf resolves it.
    return str(value) if isinstance(value, str) else value


TREES = st.recursive(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), VALUES, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.one_of(VALUES, inner), min_size=1
    ),
    max_leaves=8,
)


@given(tree=TREES)
def test_flatten_keeps_every_leaf_under_its_path(tree):
    rebuilt = {}
    for key, value in flatten(tree):
        node = rebuilt
        *parents, last = key.split(".")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
    assert rebuilt == _without_empty(tree)


def _without_empty(tree):
    kept = {k: _without_empty(v) if isinstance(v, dict) else v for k, v in tree.items()}
    return {k: v for k, v in kept.items() if v != {}}


@pytest.mark.parametrize("stage", signatures.stages())
@pytest.mark.parametrize("dataset", groups.datasets())
def test_a_frozen_configuration_brings_itself_back(stage, dataset):
    made = config.stage_config(stage, config.parse_overrides(""), dataset=dataset)
    words = config.freeze(made)
    again = config.stage_config(stage, config.parse_overrides(words), dataset=dataset)
    assert again == made


def test_an_override_means_the_same_in_the_workflow_and_on_a_jobs_command_line():
    text = "solver.timeout=7 method.gamma=0.25 solver=z3"
    in_workflow = config.stage_config("solve_masks", overrides(text), dataset="mnist")
    words = [*text.split(), "io.attribution=a", "io.masks=b", "io.record=c"]
    alone = config.from_words("solve_masks", ["dataset=mnist", *words])
    assert alone.plain == in_workflow
    assert alone.plain["solver"]["name"] == "z3"
    assert alone.plain["solver"]["timeout"] == 7.0
    assert alone.io == {"attribution": ["a"], "masks": ["b"], "record": ["c"]}


def test_a_stage_gets_the_values_of_its_record_as_settings_objects():
    words = ["method.top_k=7", "io.attribution=a", "io.masks=b", "io.record=c"]
    given = config.from_words("solve_masks", words)
    assert isinstance(given.settings["method"], MethodSettings)
    for section, values in given.plain.items():
        assert vars(given.settings[section]) == values


def test_overrides_can_be_meant_for_one_dataset():
    given = overrides("mnist:method.top_k=5 method.gamma=0.25")
    assert config.compose("mnist", given)["method"]["top_k"] == 5
    assert config.compose("imagenet", given)["method"]["top_k"] == 3000
    assert config.compose("imagenet", given)["method"]["gamma"] == 0.25


def test_a_scale_is_weaker_than_what_is_given_and_strings_may_hold_spaces():
    given = overrides(
        "mnist:dataset.explained=7 scale=paper imagenet:dataset.root='/a b/c=d' "
        "beer:dataset.root=/reviews"
    )
    assert config.compose("mnist", given)["dataset"]["explained"] == 7
    assert config.compose("mnist", given)["workflow"]["run"] == "paper"
    assert config.compose("imagenet", given)["dataset"]["root"] == "/a b/c=d"


@pytest.mark.parametrize("name", groups.files("experiment"))
def test_every_experiment_composes_and_has_a_folder_of_its_own(name):
    given = overrides(f"experiment={name}")
    assert {config.compose(d, given)["workflow"]["run"] for d in groups.datasets()} == {name}
    stronger = overrides(f"experiment={name} workflow.run=mine")
    assert config.compose("mnist", stronger)["workflow"]["run"] == "mine"


def test_methods_that_are_whole_chains_follow_the_sections_of_their_stages():
    given = overrides("explainer=smug method.top_k=7 solver=z3 imagenet:explainer.gamma=0.25")
    mnist, imagenet = (config.compose(name, given) for name in ("mnist", "imagenet"))
    assert (mnist["explainer"]["top_k"], mnist["explainer"]["solver"]) == (7, "z3")
    assert mnist["explainer"]["gamma"] == mnist["method"]["gamma"] == 0.5
    assert imagenet["explainer"]["gamma"] == 0.25
    assert imagenet["sanity"]["explainers"]["smug"]["top_k"] == 7
    assert imagenet["sanity"]["explainers"]["smug"]["gamma"] == 0.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("solver.tiemout=3", ["solver.tiemout", "solver.threads", "Did you mean solver.timeout"]),
        ("nonsense=3", ["nonsense", "dataset", "solver"]),
        ("solver.timeout=abc", ["solver.timeout", "abc", "Float"]),
        ("method.window=1.5", ["method.window", "1.5", "Integer"]),
        ("solver=hihgs", ["solver", "hihgs", "cpsat", "Did you mean 'highs'"]),
        ("method.gamma=1.2", ["method.gamma=1.2", "[0, 1)"]),
        ("method.gamma=-0.1", ["method.gamma=-0.1", "[0, 1)"]),
        ("solver.timeout=0", ["solver.timeout=0", "(0, inf)", "raise"]),
        ("solver.threads=0", ["solver.threads=0", "[1, inf)"]),
        ("model.epochs=null", ["model.epochs", "not Optional"]),
        ("workflow.run=../x", ["workflow.run", "../x"]),
        ("mnist:dataset.source=mlxtendo", ["dataset.source", "mlxtendo", "keras"]),
        ("mnits:solver.timeout=3", ["mnits", "mnist"]),
        ("scale=huge", ["scale", "huge", "demo, paper"]),
        ("solver.timeout", ["solver.timeout", "key=value"]),
        ("dataset.path='a", ["quotation"]),
        ("method.window=1,2", ["method.window=1,2", "[1,2]"]),
        ("solver.timeout=${foo}", ["solver.timeout", "foo"]),
        ("sweep.windows=4", ["sweep.windows"]),
        ("sweep.network_solvers=[highs,foo]", ["sweep.network_solvers", "foo", "highs"]),
        ("sweep.figure_window=3", ["sweep.figure_window=3", "[1, 2, 4]"]),
        ("method.gamma=0.75 method.margin=0.5", ["method.margin=0.5", "1 - gamma = 0.25"]),
        ("grid.gamma=[1.0]", ["grid.gamma=1.0", "[0, 1)"]),
        ("explainer=smug explainer.margin=0", ["explainer.margin=0", "(0, 1]"]),
        ("explainer=ggig explainer.method=gig", ["explainer.method", "gig", "Did you mean 'ggig'"]),
        ("method.margin=0", ["method.margin=0", "(0, 1]"]),
        ("model.hidden=[]", ["model.hidden=[]", "one value"]),
        ("mnist:sanity.methods=[gradcam]", ["sanity.methods", "gradcam", "gradients"]),
        ("sanity.orders=[up]", ["sanity.orders", "up", "cascading"]),
        ("sanity.seeds=[]", ["sanity.seeds=[]"]),
        ("sanity.orders=[]", ["sanity.orders=[]"]),
        ("sanity.noises=[0]", ["sanity.noises=0.0", "(0, inf)"]),
        ("sanity.explainers.ggig.points=0", ["points=0", "[1, inf)"]),
        ("sanity.explainers.ggig.pointz=1", ["sanity.explainers.ggig.pointz", "Did you mean"]),
        ("explainer=geometric_ensemble explainer.tolerance=2", ["tolerance=2", "(0, 1]"]),
        ("explainer=smug explainer.solver=cplex", ["explainer.solver", "cplex", "highs"]),
        ("mnist:model=mnist_cnn mnist:model.filters=[4]", ["model.filters=[4]", "two numbers"]),
        ("imagenet:dataset.source=files", ["dataset.root", "DATA.md"]),
        ("beer:dataset.source=files", ["dataset.root", "DATA.md"]),
        ("beer:dataset.source=web", ["dataset.source", "web", "generated", "download"]),
        ("beer:dataset.source=download", ["dataset.source=download", "dataset.root"]),
        ("beer:dataset.aspect=3", ["dataset.aspect", "3", "0, 1, 2"]),
        ("beer:dataset.explain=all", ["dataset.explain", "annotated", "heldout"]),
        ("beer:dataset.validation=900", ["dataset.validation=900", "generated_heldout=800"]),
        ("beer:model.learning_rate=0", ["model.learning_rate", "(0, inf)"]),
        ("sufficient_words.rule=fixd", ["sufficient_words.rule", "fixd", "fraction"]),
        ("sufficient_words.low=0.9", ["sufficient_words.low=0.9", "low <= high"]),
        ("sufficient_words.fraction=2", ["sufficient_words.fraction=2", "[0, 1]"]),
        ("solver.timeout=inf", ["solver.timeout=inf", "(0, inf)", "lower"]),
        ("solver.seed=-1", ["solver.seed=-1", "[0, 2147483647]"]),
        ("method.delta=inf", ["method.delta=inf", "[0, inf)"]),
        ("sanity.seeds=[-1]", ["sanity.seeds=-1", "[0, 2147483647]"]),
        ("timing.timeout=-1", ["timing.timeout=-1", "(0, inf)"]),
        ("timing.windows=[0]", ["timing.windows=0", "[1, inf)"]),
        ("timing.solvers=[]", ["timing.solvers=[]", "one value"]),
        ("grid.windows=[0]", ["grid.windows=0", "[1, inf)"]),
        ("network_limits.timeout=-5", ["network_limits.timeout=-5", "(0, inf)"]),
        ("network_limits.windows=[0]", ["network_limits.windows=0", "[1, inf)"]),
        ("sweep.network_solvers=[cpsat]", ["sweep.network_solvers", "cpsat", "auto, highs, z3"]),
        ("workflow.datasets=[mnst]", ["workflow.datasets", "mnst", "Did you mean 'mnist'"]),
        ("workflow.datasets=[]", ["workflow.datasets=[]", "one value"]),
        ("mnist:comparison.explainers=[foo]", ["comparison.explainers", "foo", "ggig"]),
        ("ggig_figure.methods=[foo]", ["ggig_figure.methods", "foo", "ggig"]),
        ("ggig_figure.digit_models=[resnet50]", ["resnet50", "mnist_cnn, mnist_mlp"]),
        ("beer:dataset.kind=words", ["dataset.kind", "words", "images, texts"]),
        ("mnist:model.datasets=[mnits]", ["model.datasets", "mnits", "Did you mean 'mnist'"]),
        ("mnist:model.datasets=[beer]", ["model=mnist_mlp", "dataset=mnist"]),
        ("mnist:model=resnet50", ["model=resnet50", "dataset=mnist", "mnist_cnn, mnist_mlp"]),
        (
            "mnist:method.encoding=network mnist:solver=anytime",
            ["solver: anytime", "method.encoding=network", "auto, highs, z3"],
        ),
        (
            "mnist:method.encoding=network mnist:timing.solvers=[highs,cpsat]",
            ["timing.solvers: cpsat", "method.encoding=network"],
        ),
        ("sufficient_words.timeout=0", ["sufficient_words.timeout=0", "(0, inf)"]),
    ],
)
def test_bad_overrides_are_named_with_what_is_allowed(text, said):
    with pytest.raises(SmugError) as error:
        overrides(text)
    for part in said:
        assert part in str(error.value)


def test_a_method_needs_no_schema_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "toy_explainer.py").write_text(
        "def toy(model, x, target, *, steps: int = 5, depth: int | None = None,\n"
        "        solver: str = 'highs', range_: tuple[float, ...] = (0.0, 1.0),\n"
        "        input_range: tuple[float, ...] = (0.0, 1.0)):\n"
        "    return x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(METHODS, "toy", Method("toy_explainer:toy", "Toy", "a toy"))
    schema = explainer_schema("toy")
    made = OmegaConf.merge(OmegaConf.structured(schema), {"name": "toy", "method": "toy"})
    section = OmegaConf.to_object(made)
    assert isinstance(section, ExplainerSettings)
    assert (section.steps, section.depth, section.solver) == (5, None, "highs")
    assert section.range_ == [0.0, 1.0]
    assert not hasattr(section, "input_range")
    with pytest.raises(ValidationError):
        made.steps = "many"
    with pytest.raises(SmugError, match=r"explainer\.steps=0 is outside \[1, inf\)"):
        dataclasses.replace(section, steps=0)
    with pytest.raises(SmugError, match=r"explainer\.solver 'cplex'"):
        dataclasses.replace(section, solver="cplex")


def test_every_network_fits_a_dataset():
    fitting = {name: groups.networks(name) for name in groups.datasets()}
    assert fitting["mnist"] == ["mnist_cnn", "mnist_mlp"]
    assert fitting["beer"] == ["text_cnn"]
    assert {name for names in fitting.values() for name in names} == {*groups.files("model")}
    for dataset, names in fitting.items():
        for name in names:
            overrides(f"{dataset}:model={name}")


def test_a_dataset_says_its_kind():
    kinds = {name: config.compose(name)["dataset"]["kind"] for name in groups.datasets()}
    assert kinds == {"mnist": "images", "imagenet": "images", "beer": "texts"}


def test_a_dataset_without_a_file_of_its_own_takes_the_shared_one(monkeypatch):
    usual = config.compose("imagenet")
    known = config.files
    monkeypatch.setattr(
        config,
        "files",
        lambda group: [n for n in known(group) if (group, n) != ("grid", "imagenet")],
    )
    config._of_dataset.cache_clear()
    config._compose.cache_clear()
    made = config.compose("imagenet")
    config._of_dataset.cache_clear()
    config._compose.cache_clear()
    assert made["grid"] == config.compose("mnist")["grid"]
    assert made["timing"] == usual["timing"]


def test_a_job_refuses_sections_that_do_not_go_together():
    words = ["method.encoding=network", "solver=anytime", "io.attribution=a", "io.masks=b"]
    with pytest.raises(SmugError, match=r"solver: anytime does not take method\.encoding=network"):
        config.from_words("solve_masks", [*words, "io.record=c"])


def test_io_names_are_checked():
    with pytest.raises(SmugError, match=r"unknown io name of solve_masks 'mask'.*masks"):
        config.from_words("solve_masks", ["io.mask=x"])
    with pytest.raises(SmugError, match=r"solve_masks needs io\.masks"):
        config.from_words("solve_masks", ["io.attribution=x"])
    with pytest.raises(SmugError, match="unknown stage 'solve'"):
        config.from_words("solve", [])
    with pytest.raises(SmugError, match=r"solve_masks takes one io\.masks, not 2"):
        config.from_words("solve_masks", ["io.attribution=x", "io.masks=a", "io.masks=b"])
    words = ["io.attribution=a", "io.masks=b", "io.record=c", "io.start=d", "io.start=e"]
    assert config.from_words("solve_masks", words).io["start"] == ["d", "e"]


def test_modules_of_a_stage_are_those_it_imports():
    solve, train = (
        dependencies.modules_of("solve_masks"),
        dependencies.modules_of("train_mnist"),
    )
    assert "src/smug/masks/encode.py" in solve
    assert "src/smug/masks/solvers/highs.py" in solve
    assert "src/smug/masks/solvers/cpsat_search.py" in solve
    assert "src/smug/stages/solve_masks.py" in solve
    assert "src/smug/models/networks/mnist_mlp.py" in train
    assert not [path for path in train if path.startswith("src/smug/masks/")]
    assert not [path for path in solve if path.startswith("src/smug/models/")]
    assert not [path for path in (*solve, *train) if path.startswith("src/smug/jobs/")]


def test_files_that_a_stages_modules_read_count_too():
    prepare, page = (dependencies.modules_of(s) for s in ("prepare_imagenet", "gallery"))
    assert "src/smug/datasets/photographs.csv" in prepare
    assert "src/smug/models/imagenet_classes.txt" in prepare
    assert "src/smug/figures/gallery/template.html" in page
    solve = dependencies.modules_of("solve_masks")
    assert all(path.endswith(".py") for path in solve)


def test_no_stage_imports_keras_before_the_job_set_its_threads_and_backend():
    code = "import sys\n" + "".join(
        f"import smug.stages.{stage}\nassert 'keras' not in sys.modules, {stage!r}\n"
        for stage in signatures.stages()
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_every_stage_has_its_rule():
    rules = "".join(path.read_text() for path in (groups.ROOT / "workflow/rules").glob("*.smk"))
    made = re.findall(r"^use rule stage as (\w+) with:", rules, re.M)
    assert signatures.stages() == sorted(made)


@pytest.mark.parametrize("stage", signatures.stages())
def test_a_stage_takes_the_sections_and_files_that_its_source_shows(stage):
    found = signatures.signature(stage)
    module = importlib.import_module(f"smug.stages.{stage}")
    sections, files = (dataclasses.fields(of) for of in (module.Sections, module.Files))
    assert [f.name for f in sections if f.type is not JobSettings] == list(found.sections)
    assert [f.name for f in files] == [f.name for f in found.files]
    for field, file in zip(files, found.files, strict=True):
        assert field.type == (list[Path] if file.several else Path)
        optional = field.default_factory is not dataclasses.MISSING
        assert optional == file.optional


def test_sections_of_a_stage_are_of_the_schemas_that_fill_them():
    classes = {}
    for (section, _), schema in SCHEMAS.items():
        classes.setdefault(section, []).append(schema)
    for stage in signatures.stages():
        module = importlib.import_module(f"smug.stages.{stage}")
        for field in dataclasses.fields(module.Sections):
            if field.type is not JobSettings:
                fits = [s for s in classes[field.name] if issubclass(s, field.type)]
                assert fits, f"{stage}: {field.name}"


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=[name for _, name in SCHEMAS])
def test_every_field_of_a_schema_says_its_meaning_in_one_sentence(schema):
    for field in dataclasses.fields(schema):
        assert re.fullmatch(r"[A-Z].{9,}\.", field.metadata.get("help", "")), field.name


def test_every_value_says_where_it_comes_from():
    files = [p for p in groups.CONF.rglob("*.yaml") if p.parent != groups.CONF]
    assert files
    for path in files:
        for line in path.read_text().splitlines():
            is_value = re.match(r"\s*[\w]+: +\S", line)
            if is_value and not re.match(r"(defaults|name):", line):
                origin = line.partition("#")[2].strip()
                assert re.match(r"paper|authors' code|ours", origin), f"{path.name}: {line}"


def test_override_prints_as_hydra_reads_it():
    assert str(Override("solver.timeout", "5", "mnist")) == "solver.timeout=5"


def test_a_network_of_keras_is_named_by_its_architecture():
    words = "imagenet:model=applications imagenet:model.architecture=DenseNet121"
    model = config.compose("imagenet", config.parse_overrides(words))["model"]
    assert model["name"] == model["architecture"] == "DenseNet121"


@pytest.mark.parametrize(
    ("dataset", "name", "baseline"),
    [
        ("imagenet", "ggig", "black"),
        ("beer", "ggig_zero", "zero"),
    ],
)
def test_ggig_begins_where_ig_does(dataset, name, baseline):
    words = f"{dataset}:explainer={name}"
    chosen = config.compose(dataset, config.parse_overrides(words))
    assert chosen["explainer"]["baseline"] == baseline
    assert name in chosen["comparison"]["explainers"]
    assert chosen["sanity"]["explainers"][name]["baseline"] == baseline


def test_a_configuration_is_composed_without_heavy_libraries():
    code = (
        "import sys, smug.jobs.config as config\n"
        "config.compose('mnist')\n"
        "print({'tensorflow', 'keras', 'highspy', 'z3', 'ortools', 'matplotlib'} & {*sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
