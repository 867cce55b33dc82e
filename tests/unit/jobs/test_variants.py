import pytest

from smug.jobs import variants
from smug.jobs.config import compose
from smug.jobs.overrides import Override, parse_overrides

GRID = "mnist:grid.top_k=[5,10] mnist:grid.gamma=[0.5,0.0] mnist:grid.windows=[1,2]"


def usual(words="", dataset="mnist"):
    return compose(dataset, parse_overrides(words))


def test_a_variant_is_named_by_the_settings_that_it_changes():
    known = usual("method.window=2")
    name = variants.variant_of(
        known, {"method.window": 1, "solver": "z3", "method.encoding": "first_layer"}
    )
    assert name == "method.window=1+solver=z3"
    assert variants.variant_of(known, {"method.window": 2, "solver": "auto"}) == "main"


def test_the_name_of_a_variant_brings_its_settings_back():
    assert variants.overrides_of("main") == []
    assert variants.overrides_of("method.window=1+solver=z3") == [
        Override("method.window", "1"),
        Override("solver", "z3"),
    ]


def test_the_table_of_masks_has_every_window_with_every_solver_of_an_encoding():
    known = usual(
        "method.window=1 sweep.windows=[1,4] sweep.first_layer_solvers=[auto,z3] "
        "sweep.network_solvers=[z3] sweep.figure_window=4"
    )
    assert variants.mask_variants(known) == [
        "main",
        "solver=z3",
        "method.window=4",
        "method.window=4+solver=z3",
        "method.encoding=network+solver=z3",
        "method.encoding=network+method.window=4+solver=z3",
    ]
    assert variants.drawn_mask_variant(known, "first_layer") == "method.window=4"
    network = "method.encoding=network+method.window=4+solver=z3"
    assert variants.drawn_mask_variant(known, "network") == network


def test_masks_beside_robust_sets_have_their_windows():
    known = usual(
        "method.window=2 robust.windows=[7,4,7] sweep.figure_window=1 "
        "sweep.first_layer_solvers=[z3]"
    )
    assert variants.robust_mask_variant(known, "first_layer") == "method.window=4+solver=z3"
    network = "method.encoding=network+method.window=4"
    assert variants.robust_mask_variant(known, "network") == network


def test_sweeps_try_every_setting_once():
    words = "method.top_k=10 method.gamma=0.0 method.window=2 method.ranking=gradients"
    known = usual(f"{GRID} {words} grid.rankings=[random,gradients] grid.replacements=[zero,mean]")
    five = ["method.top_k=5", "method.top_k=5+method.gamma=0.5"]
    assert variants.grid_variants(known) == [*five, "main", "method.gamma=0.5"]
    alone = ["method.window=1", "method.replacement=mean", "method.ranking=random"]
    assert variants.sweep_variants(known) == ["main", *five, "method.gamma=0.5", *alone]


@pytest.mark.parametrize(
    ("variant", "start"),
    [
        ("method.top_k=5", "method.top_k=5+method.gamma=0.5"),
        ("method.top_k=5+method.gamma=0.5", None),
        ("main", None),
        ("method.gamma=0.5", None),
        ("method.window=1", None),
    ],
)
def test_a_search_starts_from_the_masks_that_keep_more(variant, start):
    known = usual(f"{GRID} method.top_k=10 method.gamma=0.0")
    assert variants.start_variant(known, variant) == start


def test_methods_solvers_and_gammas_of_a_dataset_are_variants():
    known = usual("comparison.explainers=[gradients,ig_black] timing.solvers=[z3,highs]")
    assert variants.compared(known) == ["explainer=gradients", "explainer=ig_black"]
    assert variants.compared_baselines(known) == ["explainer=ig_black"]
    assert variants.timed(known) == ["solver=z3", "solver=highs"]
    reviews = usual("beer:comparison.gamma=0.25", "beer")
    assert variants.both_gammas(reviews) == ["main", "method.gamma=0.25"]


def test_networks_checked_or_drawn_beside_a_datasets_own():
    known = usual("mnist:sanity.also=[mnist_cnn] ggig_figure.methods=[gradients,ig_black]")
    assert variants.sanity_variants(known) == ["main", "model=mnist_cnn+sanity=mnist_cnn"]
    assert variants.guided_variants(known) == [
        "explainer=gradients",
        "explainer=ig_black",
        "explainer=gradients+model=mnist_cnn",
        "explainer=ig_black+model=mnist_cnn",
    ]
    photographs = usual("ggig_figure.methods=[gradients]", "imagenet")
    assert variants.guided_variants(photographs) == ["explainer=gradients"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("dataset.explained=9 dataset.shard_size=3", 3),
        ("dataset.explained=10 dataset.shard_size=3", 4),
    ],
)
def test_shards_hold_all_inputs(words, count):
    assert list(variants.shards(usual(words))) == list(range(count))


@pytest.mark.parametrize(("inputs", "count"), [(1, 1), (3, 1), (4, 2), (99, 4)])
def test_the_first_inputs_of_a_dataset_ask_for_the_shards_that_hold_them(inputs, count):
    words = f"dataset.explained=10 dataset.shard_size=3 gallery.inputs={inputs}"
    assert list(variants.gallery_shards(usual(words))) == list(range(count))
    words = f"dataset.explained=10 dataset.shard_size=3 robust.digits={inputs}"
    assert list(variants.robust_shards(usual(words))) == list(range(count))
    words = f"dataset.explained=10 dataset.shard_size=3 imagenet:comparison.shown={inputs}"
    # The packages ship 8 photographs, which fill 3 shards.
    assert list(variants.shown_shards(usual(words, "imagenet"))) == list(range(min(count, 3)))


@pytest.mark.parametrize(("inputs", "count"), [(4, 2), (5, 3), (99, 5)])
def test_sanity_checks_have_shards_of_their_own(inputs, count):
    words = f"dataset.explained=10 sanity.inputs={inputs} sanity.shard_size=2"
    assert list(variants.sanity_shards(usual(words))) == list(range(count))


def test_a_shard_may_take_as_long_as_all_its_masks_and_half_an_hour_more():
    known = usual("dataset.shard_size=7 solver.timeout=100")
    assert variants.solving_minutes(known) == 30 + 12


def test_a_shard_may_take_as_long_as_its_robust_sets_at_every_epsilon():
    words = "dataset.shard_size=7 robust.time_limit=100"
    known = usual(
        f"{words} robust.epsilons=[0.1,0.2] robust.windows=[1,1] robust.figure_epsilon=0.2"
    )
    assert variants.robust_minutes(known) == 30 + 24
