import dataclasses
import re
import subprocess
import sys

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import ValidationError

from smug.errors import SmugError
from smug.jobs import config, groups, sections, signatures
from smug.jobs.overrides import parse_overrides
from smug.jobs.settings.explainers import ExplainerSettings, explainer_schema
from smug.jobs.settings.explanations import MethodSettings
from smug.masks.solvers import SOLVERS
from smug.methods import METHODS, Method


def overrides(text):
    parsed = config.parse_overrides(text)
    config.check_overrides(parsed)
    return parsed


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
        ("solver.timeout=0", ["solver.timeout=0", "(0, 10000000]", "raise"]),
        ("solver.threads=0", ["solver.threads=0", "[1, 1024]"]),
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
        ("sanity.explainers.ggig.points=0", ["points=0", "[1, 1000000000]"]),
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
        ("solver.timeout=inf", ["solver.timeout=inf", "(0, 10000000]", "lower"]),
        ("solver.seed=-1", ["solver.seed=-1", "[0, 2147483647]"]),
        ("method.delta=inf", ["method.delta=inf", "[0, inf)"]),
        ("sanity.seeds=[-1]", ["sanity.seeds=-1", "[0, 2147483647]"]),
        ("timing.timeout=-1", ["timing.timeout=-1", "(0, 10000000]"]),
        ("timing.windows=[0]", ["timing.windows=0", "[1, 1000000000]"]),
        ("timing.solvers=[]", ["timing.solvers=[]", "one value"]),
        ("grid.windows=[0]", ["grid.windows=0", "[1, 1000000000]"]),
        ("network_limits.timeout=-5", ["network_limits.timeout=-5", "(0, 10000000]"]),
        ("network_limits.windows=[0]", ["network_limits.windows=0", "[1, 1000000000]"]),
        ("sweep.network_solvers=[cpsat]", ["sweep.network_solvers", "cpsat", "auto, highs, z3"]),
        ("workflow.datasets=[mnst]", ["workflow.datasets", "mnst", "Did you mean 'mnist'"]),
        ("workflow.datasets=[]", ["workflow.datasets=[]", "one value"]),
        ("mnist:comparison.explainers=[foo]", ["comparison.explainers", "foo", "ggig"]),
        ("ggig_figure.methods=[foo]", ["ggig_figure.methods", "foo", "ggig"]),
        ("ggig_figure.digit_models=[resnet50]", ["resnet50", "mnist_cnn, mnist_mlp"]),
        ("beer:dataset.kind=words", ["dataset.kind", "words", "texts"]),
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
        (
            "method.replacement=blur",
            ["method.replacement: blur", "dataset=beer, which holds texts", "mean"],
        ),
        ("beer:grid.replacements=[blur]", ["grid.replacements: blur", "known: zero, mean"]),
        ("robust.epsilons=[]", ["robust.epsilons=[]", "one value"]),
        ("robust.epsilons=[-0.1]", ["robust.epsilons=-0.1", "[0, inf)"]),
        ("robust.figure_epsilon=0.3", ["robust.figure_epsilon=0.3", "[0.05, 0.1, 1.0]"]),
        ("robust.windows=[1,4]", ["robust.windows=[1, 4]", "robust.epsilons=[0.05, 0.1, 1.0]"]),
        ("robust.windows=[0,4,4]", ["robust.windows=0", "[1, 1000000000]"]),
        ("robust.digits=0", ["robust.digits=0", "[1, 1000000000]"]),
        ("robust.time_limit=0", ["robust.time_limit=0", "(0, 10000000]"]),
        ("sufficient_words.timeout=0", ["sufficient_words.timeout=0", "(0, 10000000]"]),
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
    with pytest.raises(SmugError, match=r"explainer\.steps=0 is outside \[1, 1000000000\]"):
        dataclasses.replace(section, steps=0)
    with pytest.raises(SmugError, match=r"explainer\.solver 'cplex'"):
        dataclasses.replace(section, solver="cplex")


def test_every_network_fits_a_dataset():
    fitting = {name: groups.networks(name) for name in groups.datasets()}
    assert fitting["mnist"] == ["mnist_cnn", "mnist_mlp"]
    assert fitting["beer"] == ["text_cnn"]
    of_project = {*groups.files("model")} - {*groups.KINDS}  # the others are the user's own
    assert {name for names in fitting.values() for name in names} == of_project
    for dataset, names in fitting.items():
        for name in names:
            overrides(f"{dataset}:model={name}")


def test_a_dataset_says_its_kind():
    kinds = {name: config.compose(name)["dataset"]["kind"] for name in groups.datasets()}
    photographs = dict.fromkeys(("imagenet", "imagenet_squeezenet"), "images")
    assert kinds == {"mnist": "images", **photographs, "beer": "texts"}


def test_a_dataset_that_takes_the_inputs_of_another_differs_in_its_network_alone():
    words = "imagenet:dataset.root=/some/folder imagenet:method.top_k=50 imagenet:model=resnet50"
    given = overrides(f"{words} imagenet_squeezenet:dataset.seed=7")
    usual, other = (config.compose(n, given) for n in ("imagenet", "imagenet_squeezenet"))
    assert (usual["model"]["name"], other["model"]["name"]) == ("resnet50", "squeezenet")
    assert usual["model"]["weights"] == "imagenet"
    assert other["model"]["weights"] is None
    assert other["method"] == usual["method"]
    assert other["method"]["top_k"] == 50
    assert other["sanity"] == usual["sanity"]
    own = {"name": "imagenet_squeezenet", "seed": 7, "explained": 2}  # the demo explains fewer
    assert other["dataset"] == usual["dataset"] | own
    assert usual["dataset"]["seed"] == 0


def forget_configurations():
    for function in [*vars(config).values(), *vars(sections).values()]:
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def test_a_dataset_without_a_file_of_its_own_takes_the_shared_one(monkeypatch):
    usual = config.compose("imagenet")
    known = groups.files
    monkeypatch.setattr(
        groups,
        "files",
        lambda group: [n for n in known(group) if (group, n) != ("grid", "imagenet")],
    )
    forget_configurations()
    made = config.compose("imagenet")
    forget_configurations()
    assert made["grid"] == config.compose("mnist")["grid"]
    assert made["timing"] == usual["timing"]


def test_a_value_follows_the_section_that_it_refers_to():
    words = parse_overrides("explainer=smug method=beer method.top_k=7")
    assert config.compose("mnist", words)["explainer"]["top_k"] == 7
    words = parse_overrides("explainer=smug method.top_k=${grid.inputs} mnist:grid.inputs=3")
    assert config.compose("mnist", words)["explainer"]["top_k"] == 3
    words = parse_overrides("explainer=smug method.top_k=7 explainer.top_k=5")
    assert config.compose("mnist", words)["explainer"]["top_k"] == 5


def test_a_solver_without_a_file_takes_the_shared_values():
    usual = config.compose("beer", overrides(""))["solver"]
    assert not {"z3", "cpsat"} & {*groups.files("solver")}
    for name in SOLVERS:
        chosen = config.compose("beer", overrides(f"solver={name} beer:solver.seed=3"))["solver"]
        assert chosen == usual | {"name": name, "seed": 3}


def test_a_dataset_file_names_the_network_which_another_choice_wins_over():
    named = {name: config.compose(name)["model"]["name"] for name in groups.datasets()}
    photographs = {"imagenet": "efficientnet_lite0", "imagenet_squeezenet": "squeezenet"}
    assert named == {"mnist": "mnist_mlp", **photographs, "beer": "text_cnn"}
    other = overrides("mnist:model=mnist_cnn")
    assert config.compose("mnist", other)["model"]["name"] == "mnist_cnn"
    assert config.compose("imagenet", other)["model"]["name"] == "efficientnet_lite0"
    with pytest.raises(SmugError, match="model=mnist_mlp does not fit the inputs of dataset=beer"):
        overrides("mnist:dataset=beer")


def test_a_job_may_name_a_file_that_is_not_called_after_a_dataset():
    words = ["io.attribution=a", "io.masks=b", "io.record=c"]
    given = config.from_words("solve_masks", ["sanity=mnist_cnn", "solver=z3", *words])
    assert given.plain["method"] == config.compose("mnist")["method"]
    with pytest.raises(
        SmugError,
        match="unknown dataset 'mnits'; known: beer, imagenet, imagenet_squeezenet, mnist",
    ):
        config.from_words("solve_masks", ["dataset=mnits", *words])


def test_a_job_hears_what_is_said_of_the_dataset_whose_inputs_it_takes():
    words = ["dataset=imagenet_squeezenet", "imagenet:dataset.seed=7", "mnist:dataset.seed=8"]
    words += ["io.model=a", "io.data=b", "io.record=c"]
    given = config.from_words("prepare_imagenet", words)
    assert given.plain["dataset"]["seed"] == 7
    assert given.plain["model"]["name"] == "squeezenet"
    with pytest.raises(SmugError, match=r"unknown key 'dataset\.sed'"):
        config.from_words("prepare_imagenet", [*words, "imagenet:dataset.sed=7"])


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


def test_every_value_says_where_it_comes_from():
    files = [p for p in groups.CONF.rglob("*.yaml") if p.parent != groups.CONF]
    assert files
    for path in files:
        for line in path.read_text().splitlines():
            is_value = re.match(r"\s*[\w]+: +\S", line)
            if is_value and not re.match(r"(defaults|name):", line):
                origin = line.partition("#")[2].strip()
                assert re.match(r"paper|authors' code|ours", origin), f"{path.name}: {line}"


def test_a_network_of_keras_is_named_by_its_architecture():
    words = "imagenet:model=applications imagenet:model.architecture=DenseNet121"
    model = config.compose("imagenet", config.parse_overrides(words))["model"]
    assert model["name"] == model["architecture"] == "DenseNet121"


@pytest.mark.parametrize(
    "words",
    [
        "imagenet:model=applications imagenet:model.architecture=DenseNet121",
        "imagenet:model=DenseNet121 imagenet:model.weights=mine.h5",
    ],
)
def test_a_job_is_told_the_network_of_keras_by_its_architecture(words):
    part = config.stage_config("import_model", config.parse_overrides(words), dataset="imagenet")
    files = ["io.model=network.keras", "io.record=record.json"]
    job = config.from_words("import_model", [*config.freeze(part), *files])
    assert job.plain == part
    assert job.plain["model"]["name"] == "DenseNet121"


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
