import pytest

from smug.jobs import variants
from smug.jobs.config import compose
from smug.jobs.overrides import Override, parse_overrides
from smug.jobs.selection import TRAINED, Run

SHARDS = "dataset.explained=5 mnist:dataset.shard_size=3 beer:dataset.shard_size=5"


def run(words=""):
    return Run(parse_overrides(words))


def test_a_run_holds_the_datasets_and_the_folder_that_it_is_told():
    chosen = run("workflow.datasets=[beer,mnist] workflow.run=mine")
    assert chosen.datasets == ["beer", "mnist"]
    assert chosen.folder == "results/mine"
    assert chosen.of_kind("images") == ["mnist"]
    assert chosen.of_kind("texts") == ["beer"]


def test_the_same_inputs_with_another_network_are_explained_but_not_swept_again():
    chosen = run()
    assert chosen.datasets == ["mnist", "imagenet", "imagenet_squeezenet", "beer"]
    assert chosen.distinct == ["mnist", "imagenet", "beer"]
    assert chosen.in_format("imagenet") == ["imagenet", "imagenet_squeezenet"]
    same = run("imagenet:model=squeezenet workflow.datasets=[imagenet,imagenet_squeezenet]")
    assert same.datasets == ["imagenet"]
    alone = run("workflow.datasets=[imagenet_squeezenet,mnist]")
    assert alone.distinct == ["imagenet_squeezenet", "mnist"]
    assert alone.in_format("imagenet") == ["imagenet_squeezenet"]
    assert alone.in_format("beer") == []


@pytest.mark.parametrize(
    ("words", "model", "dataset"),
    [
        ("", "efficientnet_lite0", "imagenet"),
        ("", "squeezenet", "imagenet_squeezenet"),
        ("imagenet:model=squeezenet", "squeezenet", "imagenet"),
        ("imagenet_squeezenet:model=resnet50", "resnet50", "imagenet_squeezenet"),
        ("workflow.datasets=[mnist]", "squeezenet", "imagenet"),
        ("", "DenseNet121", "imagenet"),
        ("", "mnist_cnn", "mnist"),
        ("workflow.datasets=[imagenet]", "text_cnn", "beer"),
    ],
)
def test_a_network_is_made_as_the_dataset_says_that_it_explains(words, model, dataset):
    assert run(words).made_for(model) == dataset


def test_paths_go_by_dataset_then_variant_then_shard():
    found = run(SHARDS).files(
        "a/{dataset}/{variant}/{shard}.npz",
        ["mnist", "beer"],
        lambda known: ["main", f"model={known['model']['name']}"],
    )
    assert found == [
        "a/mnist/main/0.npz",
        "a/mnist/main/1.npz",
        "a/mnist/model=mnist_mlp/0.npz",
        "a/mnist/model=mnist_mlp/1.npz",
        "a/beer/main/0.npz",
        "a/beer/model=text_cnn/0.npz",
    ]


def test_shards_are_those_of_the_variant():
    found = run("mnist:dataset.explained=9").files(
        "{shard}", ["mnist"], lambda _: ["dataset.shard_size=3"]
    )
    assert found == ["0", "1", "2"]


NUMBERED = [variants.shards, variants.shown_shards, variants.gallery_shards, variants.sanity_shards]
NUMBERED += [variants.robust_shards, variants.grid_shards]


@pytest.mark.parametrize("in_shards", NUMBERED)
def test_shards_are_those_that_the_whole_configuration_of_a_variant_says(in_shards):
    chosen = run(SHARDS)
    asked = ["main", "method.window=4", "solver=z3", "sanity=mnist_cnn", "sanity.inputs=1"]
    asked += ["dataset.shard_size=1", "gallery.inputs=1", "comparison.shown=1", "robust.digits=1"]
    found = chosen.files("{variant} {shard}", ["mnist"], lambda _: asked, in_shards)
    assert found == [
        f"{variant} {shard}"
        for variant in asked
        for shard in in_shards(chosen.settings("mnist", variant))
    ]


@pytest.mark.parametrize(
    ("dataset", "variant", "place"),
    [
        ("mnist", "main", "train_mnist/mnist_mlp/model.keras"),
        ("mnist", "model=mnist_cnn", "train_mnist/mnist_cnn/model.keras"),
        ("beer", "main", "train_text_cnn/text_cnn/model.keras"),
        ("imagenet", "main", "import_model/efficientnet_lite0.keras"),
        ("imagenet", "model=imagenet_cnn", "train_imagenet_cnn/imagenet_cnn/model.keras"),
    ],
)
def test_a_network_stands_where_it_was_trained_or_imported(dataset, variant, place):
    assert run("workflow.run=mine").network(dataset, variant) == f"results/mine/{place}"


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("workflow.datasets=[imagenet]", []),
        ("workflow.datasets=[beer]", ["train_text_cnn/text_cnn"]),
        ("workflow.datasets=[mnist]", ["train_mnist/mnist_mlp", "train_mnist/mnist_cnn"]),
        (
            "workflow.datasets=[mnist] ggig_figure.digit_models=[mnist_mlp]",
            ["train_mnist/mnist_mlp", "train_mnist/mnist_cnn"],
        ),
        (
            "workflow.datasets=[mnist] ggig_figure.digit_models=[mnist_mlp] mnist:sanity.also=[]",
            ["train_mnist/mnist_mlp"],
        ),
        (
            "workflow.datasets=[mnist,imagenet] imagenet:model=imagenet_cnn",
            ["train_mnist/mnist_mlp", "train_mnist/mnist_cnn", "train_imagenet_cnn/imagenet_cnn"],
        ),
    ],
)
def test_metrics_are_those_of_the_networks_trained_in_the_run(words, places):
    found = run(f"workflow.run=mine {words}").trained_metrics()
    assert found == [f"results/mine/{place}/metrics.json" for place in places]
    assert set(places) <= {f"{stage}/{name}" for name, stage in TRAINED.items()}


def test_a_jobs_words_bring_its_configuration_back():
    words = run("mnist:method.gamma=0.25").frozen(
        "solve_masks", "mnist", [Override("method.window", "2")]
    )
    method = compose("mnist", parse_overrides(words))["method"]
    assert (method["gamma"], method["window"]) == (0.25, 2)


def test_paths_in_storage_are_told_as_the_rules_write_them():
    stored = Run(written=lambda path: str(path).removeprefix("s3://bucket/"))
    assert stored.files("s3://bucket/a/{dataset}.npz", ["mnist"]) == ["a/mnist.npz"]
