"""Overrides that users mistype, and those that nobody honest types."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smug.errors import SmugError
from smug.jobs import config
from smug.jobs.overrides import (
    Override,
    flatten,
    from_command_line,
    hydra_value,
    parse_overrides,
)


def checked(text):
    parsed = parse_overrides(text)
    config.check_overrides(parsed)
    return parsed


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ('imagenet:dataset.root="/data/my images"', None),
        ("solver.timeout=3 imagenet:dataset.root='/data/my images'", None),
        ('imagenet:dataset.root="/data/a: b" solver=z3', None),
        ('imagenet:dataset.root="/data/my #1 images" solver=z3', None),
        ("network_limits.hidden=['5']", None),
        ("'solver.timeout=60 method.gamma=0.5'", "solver.timeout=60 method.gamma=0.5"),
        ('"solver.timeout=60"', "solver.timeout=60"),
        ("  solver.timeout=60\n method.gamma=0.5 ", "solver.timeout=60\n method.gamma=0.5"),
        ("", None),
    ],
)
def test_the_text_is_the_one_that_was_typed(typed, whole):
    from snakemake.cli import parse_config

    told = str((parse_config([f"override={typed}"]) or {}).get("override") or "")
    arguments = ["snakemake", "-n", "--config", f"override={typed}"]
    assert from_command_line(told, arguments) == (typed if whole is None else whole)


def test_a_quote_that_snakemake_stripped_is_closed_for_a_job_on_a_cluster():
    assert from_command_line('a.b="/data/my images', ["snakemake"]) == 'a.b="/data/my images"'
    assert from_command_line("a.b='c d", ["snakemake"]) == "a.b='c d'"
    assert from_command_line("a.b=3", ["snakemake"]) == "a.b=3"


def test_a_quote_that_was_never_closed_is_still_said():
    typed = 'imagenet:dataset.root="/data/my images solver.timeout=3'
    with pytest.raises(SmugError, match="a quotation is not closed"):
        parse_overrides(from_command_line(typed, ["snakemake", f"override={typed}"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dataset.name=foo", r"dataset\.name=foo: .*choose it with dataset=<name>"),
        ("saliency.name=abc", "choose it with saliency=<name>"),
        ('explainer.name="a/b"', "choose it with explainer=<name>"),
        ("mnist:solver.name=z3", "choose it with solver=<name>"),
        ("sanity.explainers.smug.name=x", "it cannot be set"),
    ],
)
def test_the_name_of_a_section_is_not_set_but_chosen(text, said):
    with pytest.raises(SmugError, match=said):
        parse_overrides(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("method.window=" + "9" * 10_000, "method.window="),
        ("method.gamma=1" + "0" * 400, "method.gamma="),
        ("solver.timeout=" + "9" * 10_000, "solver.timeout="),
        ("attribution.steps=99999999999999999999", "attribution.steps=99999999999999999999 is"),
        ("attribution.steps=1e400", "attribution.steps"),
        ("method.window=" + "[" * 3000, "method.window="),
        ("method.window=" + "[" * 3000 + "]" * 3000, "method.window"),
        ("method.gamma=" + "a" * 10_000, "method.gamma: Value 'aaa"),
        ("method.encoding=" + "a" * 10_000, "method.encoding"),
        ("method." + "a" * 10_000 + "=1", "unknown key 'method.aaa"),
        ("a" * 10_000 + "=1", "unknown key 'aaa"),
        ("workflow.datasets=['" + "a b " * 3000 + "']", "workflow.datasets"),
        ("comparison.explainers=[" + ",".join(["x"] * 4000) + "]", "comparison.explainers"),
        ("workflow.run=" + "a" * 300, "workflow.run='aaa.* is longer than 100 letters"),
        ("workflow.run='a" + "é" * 99 + "'", "longer than 100 letters"),
        ("solver.threads=100000", r"solver\.threads=100000 is outside \[1, 1024\]"),
        ("network_limits.hidden=['99999999999']", "network_limits.hidden='99999999999' has more"),
        ("network_limits.hidden=['3000-3000']", "network_limits.hidden='3000-3000' has more than"),
        (f"network_limits.hidden=['{'99-' * 9000}9']", "network_limits.hidden='99-99-"),
        (f"network_limits.hidden=['{'9' * 9000}']", "network_limits.hidden='99"),
        ("mnist:model.hidden=[999999999999]", "model.hidden=999999999999 is outside"),
        ("beer:dataset.generated_train=999999999", "dataset.generated_train"),
    ],
)
def test_values_beyond_all_measure_are_said_at_once_in_a_short_message(text, said):
    with pytest.raises(SmugError, match=said) as stop:
        checked(text)
    assert len(str(stop.value)) < 3200


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("sanity.explainers.smug.window=0", "sanity.explainers.smug.window=0 is outside"),
        ("beer:sanity.explainers.smug.gamma=7", "sanity.explainers.smug.gamma=7.0 is outside"),
        ("sanity.explainers.smug.margin=0.9 sanity.explainers.smug.gamma=0.5", "sanity.exp"),
        ("sanity.explainers.ig_black.rule=none", "unknown sanity.explainers.ig_black.rule 'none'"),
        ("explainer=ig_black explainer.steps=0", "explainer.steps=0 is outside"),
    ],
)
def test_a_message_names_the_key_that_was_typed(text, key):
    with pytest.raises(SmugError) as stop:
        checked(text)
    assert str(stop.value).startswith(key)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("workflow.datasets", "[mnist,mnist]"),
        ("grid.gamma", "[0.1,0.5,0.10]"),
        ("grid.gamma", "[0,0.0]"),
        ("grid.top_k", "[4,4]"),
        ("grid.windows", "[1,2,1]"),
        ("grid.rankings", "[gradients,gradients]"),
        ("grid.scorings", "[sum,max,sum]"),
        ("timing.solvers", "[highs,highs]"),
        ("timing.top_k", "[4,4]"),
        ("timing.windows", "[4,4]"),
        ("sweep.windows", "[4,7,4]"),
        ("sweep.first_layer_solvers", "[z3,z3]"),
        ("sweep.network_solvers", "[z3,z3]"),
        ("network_limits.hidden", "['5','5']"),
        ("network_limits.windows", "[7,7]"),
        ("network_limits.lead_shares", "[0,0.0]"),
        ("comparison.explainers", "[gradients,gradients]"),
        ("ggig_figure.methods", "[ggig,ggig]"),
        ("ggig_figure.digit_models", "[mnist_cnn,mnist_cnn]"),
        ("sanity.methods", "[smug,smug]"),
        ("sanity.orders", "[cascading,cascading]"),
        ("sanity.seeds", "[0,0]"),
        ("sanity.noises", "[0.1,0.1]"),
        ("sanity.also", "[mnist_cnn,mnist_cnn]"),
        ("robust.epsilons", "[0.1,0.10]"),
    ],
)
def test_a_list_names_each_value_once(key, value):
    with pytest.raises(SmugError, match=rf"{key}=.* names .* more than once; give each"):
        checked(f"{key}={value}" if key == "workflow.datasets" else f"mnist:{key}={value}")


def test_sizes_of_layers_may_repeat():
    found = checked("mnist:model.hidden=[8,8] network_limits.hidden=['8-8']")
    assert config.compose("mnist", found)["model"]["hidden"] == [8, 8]


def test_the_log_says_which_of_two_words_for_a_key_wins(caplog):
    with caplog.at_level(logging.WARNING):
        found = checked("solver.timeout=7 method.gamma=0.5 solver.timeout=9")
    assert config.compose("mnist", found)["solver"]["timeout"] == 9.0
    assert caplog.messages == ["solver.timeout=7 is not heard: solver.timeout=9 comes later"]
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        found = checked("mnist:solver.timeout=7 solver.timeout=9")
    assert config.compose("mnist", found)["solver"]["timeout"] == 9.0
    assert caplog.messages == ["mnist:solver.timeout=7 is not heard: solver.timeout=9 comes later"]


def test_what_is_meant_for_one_dataset_beside_all_is_no_conflict(caplog):
    with caplog.at_level(logging.WARNING):
        found = checked("solver.timeout=9 mnist:solver.timeout=7 beer:solver.timeout=8 solver=z3")
        parse_overrides("scale=paper experiment=quick workflow.run=mine solver.timeout=3")
    assert config.compose("mnist", found)["solver"]["timeout"] == 7.0
    assert caplog.messages == []


@pytest.mark.parametrize("word", ["mnist:workflow.run=x", "beer:workflow.datasets=[beer]"])
def test_what_the_whole_run_has_once_is_not_set_for_one_dataset(word):
    with pytest.raises(SmugError, match="a run has one name and one list of datasets"):
        parse_overrides(f"solver.timeout=3 {word}")


@pytest.mark.parametrize(
    "text", ["experiment=quick experiment=bias_free", "scale=paper scale=demo", "mnist:scale=paper"]
)
def test_two_experiments_or_scales_are_refused(text):
    with pytest.raises(SmugError, match=r"give one, and|is for all datasets"):
        parse_overrides(text)


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


def test_override_prints_as_hydra_reads_it():
    assert str(Override("solver.timeout", "5", "mnist")) == "solver.timeout=5"


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("imagenet:method.gamma=0.5", True),
        ("imagenet:dataset.root=x", True),
        ("imagenet:sanity=usual", True),
        ("imagenet:model=resnet50", False),
        ("imagenet:model.weights=x", False),
        ("imagenet:dataset=imagenet", False),
        ("mnist:method.gamma=0.5", False),
        ("model=resnet50", True),
        ("imagenet_squeezenet:model.weights=x", True),
    ],
)
def test_what_is_said_of_a_dataset_holds_for_the_same_inputs_with_another_network(word, heard):
    override = parse_overrides(word)[-1]
    assert override.reaches("imagenet_squeezenet") == heard
    assert override.reaches("imagenet") == ("imagenet_s" not in word and "mnist" not in word)
    assert override.reaches(None) == (":" not in word)
