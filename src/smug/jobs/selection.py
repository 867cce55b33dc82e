"""Files that the workflow's rules ask for: paths of datasets, their variants and shards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from smug.jobs import config, groups
from smug.jobs.overrides import Override
from smug.jobs.own import check_own, own_kinds
from smug.jobs.sections import home_of
from smug.jobs.variants import (
    MAIN,
    Composed,
    guided_networks,
    kinds_of,
    main_variant,
    overrides_of,
    sanity_shards,
    shards,
)
from smug.threads import is_onnx

#: Stages of the networks trained here, by name; all others are imported.
TRAINED = {
    "mnist_mlp": "train_mnist",
    "text_cnn": "train_text_cnn",
    "mnist_cnn": "train_mnist",
    "imagenet_cnn": "train_imagenet_cnn",
}

#: Sections that the number of shards depends on; a variant of others has those of its dataset.
NUMBERING = {"dataset", "comparison", "grid", "gallery", "sanity", "robust"}


@dataclass(frozen=True)
class Run:
    """A run of the workflow: its overrides, and what they choose.

    Parameters
    ----------
    overrides : tuple of Override
    written : callable
        The text of a rule's path: a path that lies in storage is told by another one.
    """

    overrides: tuple[Override, ...] = ()
    written: Callable[[object], str] = str

    @property
    def datasets(self) -> list[str]:
        """Datasets of the run; the same inputs with the same network once."""
        first: dict[tuple[str, str], str] = {}
        for name in self._workflow["datasets"]:
            network = self.settings(name)["model"]["name"]
            first.setdefault((groups.inputs_of(name), network), name)
        return list(first.values())

    @property
    def distinct(self) -> list[str]:
        """Datasets of the run, of those that take the same inputs the first one."""
        first: dict[str, str] = {}
        for name in self.datasets:
            first.setdefault(groups.inputs_of(name), name)
        return list(first.values())

    def in_format(self, name: str) -> list[str]:
        """Datasets of the run in a format: see :func:`smug.jobs.groups.format_of`."""
        return [dataset for dataset in self.datasets if groups.format_of(dataset) == name]

    @property
    def folder(self) -> str:
        """Folder of the run's results."""
        return f"results/{self._workflow['run']}"

    @property
    def _workflow(self) -> dict[str, Any]:
        return self.settings(groups.datasets()[0])["workflow"]

    def settings(self, dataset: str, variant: str = MAIN) -> dict[str, Any]:
        """Every section of the configuration, for one dataset and variant."""
        return config.compose(dataset, (*self.overrides, *overrides_of(variant)))

    def check(self) -> None:
        """Refuse what no job could read, and more jobs than can be planned, before they are."""
        for dataset in self.own:
            check_own(self.settings(dataset))
        for dataset in self.datasets:
            for numbers in (shards, sanity_shards):
                numbers(self.settings(dataset))

    def of_kind(self, kind: str) -> list[str]:
        """Datasets of the run of a kind: see :func:`smug.jobs.variants.kinds_of`."""
        return [name for name in self.datasets if kind in kinds_of(self.settings(name))]

    @property
    def own(self) -> list[str]:
        """Datasets of the run that are the user's own."""
        known = own_kinds(self.overrides)
        return [name for name in self.datasets if name in known]

    @property
    def own_onnx(self) -> list[str]:
        """The user's own datasets whose network is an ONNX file."""
        return [name for name in self.own if is_onnx(self.settings(name)["model"].get("file"))]

    def own_of_kind(self, kind: str) -> list[str]:
        """The user's own datasets of a kind."""
        return [name for name in self.of_kind(kind) if name in self.own]

    def made_for(self, network: str) -> str:
        """Dataset with whose settings a network is made.

        Of those that take the inputs of its home, the first that it explains in this run.
        """
        home = home_of(network)
        same = [name for name in self.datasets if groups.inputs_of(name) == home]
        found = [name for name in same if self.settings(name)["model"]["name"] == network]
        return [*found, home][0]

    def network(self, dataset: str, variant: str = MAIN) -> str:
        """File of the network that explains a dataset."""
        model = self.settings(dataset, variant)["model"]
        name = model["name"]
        if name == dataset:
            if is_onnx(model["file"]):
                return f"{self.folder}/import_onnx/{dataset}.onnx"
            return f"{self.folder}/import_own/{dataset}.keras"
        if name in TRAINED:
            return f"{self.folder}/{TRAINED[name]}/{name}/model.keras"
        return f"{self.folder}/import_model/{name}.keras"

    def trained_metrics(self) -> list[str]:
        """Files of metrics of the networks that this run trains."""
        wanted = {
            name
            for usual in map(self.settings, self.datasets)
            for name in (
                usual["model"]["name"],
                *usual["sanity"]["also"],
                *guided_networks(usual),
            )
        }
        return [
            f"{self.folder}/{stage}/{name}/metrics.json"
            for name, stage in TRAINED.items()
            if name in wanted
        ]

    def files(
        self,
        path: object,
        datasets: Iterable[str],
        variants: Callable[[Composed], Iterable[str]] = main_variant,
        in_shards: Callable[[Composed], Iterable[object]] = shards,
    ) -> list[str]:
        """A rule's path for each of some datasets, their variants and shards.

        Parameters
        ----------
        path : str
            Holds ``{dataset}``, ``{variant}``, ``{shard}``, or some of them.
        datasets : iterable of str
        variants : callable
            Variants of a dataset, from its settings.
        in_shards : callable
            Shards of a dataset and variant, from their settings.
        """
        return [
            self.written(path).format(dataset=dataset, variant=variant, shard=shard)
            for dataset in datasets
            for variant in variants(self.settings(dataset))
            for shard in in_shards(self._numbering(dataset, variant))
        ]

    def _numbering(self, dataset: str, variant: str) -> dict[str, Any]:
        """Settings that number the shards of a variant.

        Composing every setting of a sweep only to find the same numbers doubles the time in which
        the workflow is read.
        """
        changed = {change.key.partition(".")[0] for change in overrides_of(variant)}
        return self.settings(dataset, variant if changed & NUMBERING else MAIN)

    def frozen(self, stage: str, dataset: str, changes: Iterable[Override]) -> list[str]:
        """A stage's configuration as overrides that bring it back."""
        overrides = (*self.overrides, *changes)
        return config.freeze(config.stage_config(stage, overrides, dataset=dataset))
