"""Every override is read by some job, or refused."""

import re
from pathlib import Path

import pytest
import yaml

from smug.errors import SmugError
from smug.jobs import config, groups
from smug.jobs.overrides import Override, parse_overrides
from smug.jobs.selection import Run
from smug.jobs.settings import SCHEMAS
from smug.jobs.signatures import signature

ROOT = Path(__file__).resolve().parents[3]


def check(text):
    config.check_overrides(parse_overrides(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("imagenet:ggig_figure.shown=3", "one for the whole run; leave out imagenet:"),
        ("mnist:ggig_figure.methods=[gradients]", "leave out mnist:"),
        ("beer:sweep.windows=[2]", "no job of beer reads sweep.windows, only those of mnist do"),
        ("imagenet:network_limits.digits=3", "only those of mnist do"),
        ("mnist:sufficient_words.fraction=0.5", "only those of beer, texts do"),
        ("imagenet:sufficient_words=beer", "only those of beer, texts do"),
        ("mnist:comparison.shown=2", "only those of photographs, texts do"),
        (
            "imagenet:model.base=resnet50",
            r"none of .*efficientnet_lite0.*model=<name>",
        ),
        ("beer:model.hidden=[3]", r"networks of this run \(text_cnn\)"),
        ("model.architecture=ResNet50", "none of the networks"),
    ],
)
def test_what_no_job_would_read_is_refused(text, said):
    with pytest.raises(SmugError, match=said) as found:
        check(text)
    assert str(found.value).startswith(text)


@pytest.mark.parametrize(
    "text",
    [
        "ggig_figure.shown=3",
        "mnist:sweep.figure_window=1 mnist:network_limits.digits=3 beer:sufficient_words.ties=0",
        "imagenet:comparison.shown=2 beer:comparison.shown=2 comparison.shown=1",
        "imagenet:model=imagenet_cnn imagenet:model.base=resnet50",
        "imagenet:sanity.also=[imagenet_cnn] imagenet:model.root=/data",
        "mnist:model.filters=[4,4]",  # of the network that the figure of GGIG trains besides
        "model.epochs=1 beer:model.epochs=2",
        "scale=paper imagenet:dataset.root=/a beer:dataset.root=/b",
    ],
)
def test_what_a_job_reads_is_taken(text):
    check(text)


@pytest.fixture
def toy(monkeypatch):
    """A further dataset of pictures, explained with the network of the digits."""
    names = [*groups.datasets(), "toy"]

    def with_toy(function):
        def called(dataset, overrides):
            if dataset != "toy":
                return function(dataset, overrides)
            own = [Override(o.key, o.value) for o in overrides if o.reaches("toy")]
            return function("mnist", own)

        return called

    for name in ("_composed", "_known_keys"):
        monkeypatch.setattr(config, name, with_toy(getattr(config, name)))
    monkeypatch.setattr(config, "datasets", lambda: names)
    monkeypatch.setattr("smug.jobs.own.datasets", lambda: names)


def test_a_network_that_is_trained_for_another_dataset_is_named(toy):
    with pytest.raises(SmugError, match=r"mnist_mlp is made once, .*write mnist:model.epochs=3"):
        check("toy:model.epochs=3")
    check("mnist:model.epochs=3 model.epochs=3 toy:method.top_k=5")
    with pytest.raises(SmugError, match=r"no job of toy reads sweep\.windows"):
        check("toy:sweep.windows=[1,2]")


def test_what_is_read_of_a_dataset_is_read_of_the_same_inputs_with_another_network():
    check("imagenet_squeezenet:comparison.shown=2 imagenet_squeezenet:model.weights=x")
    check("imagenet:comparison.shown=2")


def test_a_network_is_made_by_the_first_of_its_datasets():
    nothing_explained = Run(parse_overrides("workflow.datasets=[toy] toy:dataset.kind=table"))
    for name in {*groups.files("model")} - {*groups.KINDS, "applications"}:
        content = yaml.safe_load((ROOT / f"conf/model/{name}.yaml").read_text())
        assert nothing_explained.made_for(name) == content["datasets"][0]
        assert groups.inputs_of(Run().made_for(name)) == content["datasets"][0]


#: Formats of the datasets that a name in the rules stands for.
FORMATS = {"DIGITS": "mnist", "REVIEWS": "beer"}
FORMATS |= dict.fromkeys(("PHOTOGRAPHS", "WITH_IG", "CATS"), "imagenet")


def jobs():
    """Stage of each rule, and the formats whose settings it reads: None for its wildcard's."""
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^use rule stage as ", path.read_text(), flags=re.M)[1:]:
            stage = rule.partition(" ")[0]
            outputs = rule.partition("output:")[2].partition("log:")[0]
            fixed = re.search(r'\*\*(?:asked|captioned)\("\w+", (\w+)[,)]', rule)
            only = re.search(r'one_of\(in_format\("(\w+)"\)\)', rule)
            wild = "{{dataset}}" in outputs
            wild |= bool(re.search(r'(?:figure|table)\("\w+_\{dataset\}', rule))
            texts = wild and re.search(r'in_format\("beer"\), \*OWN_TEXTS\]|, OWN_TEXTS\)', rule)
            if texts:
                yield stage, ["texts"]
            elif only or "{{model}}" in outputs:
                yield stage, [only[1] if only else "network"]
            elif fixed and fixed[1] in FORMATS:
                yield stage, [FORMATS[fixed[1]]]
            else:
                yield stage, None if wild else []


def test_sections_say_whose_values_the_rules_read():
    heard = {group: schema.heard for (group, _), schema in SCHEMAS.items()}
    read = {section: set() for section in heard}
    for stage, datasets in jobs():
        for section in signature(stage).sections:
            read[section] |= {"every"} if datasets is None else set(datasets) or {"run"}
    for section, found in read.items():
        if not heard[section]:
            # Rows carry the run's name, whatever dataset they are of.
            assert "run" in found
        elif heard[section] == groups.KINDS:
            assert "every" in found
            assert "run" not in found
        else:
            assert found == set(heard[section])
