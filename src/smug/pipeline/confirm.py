"""Masks of a shard confirmed by the network itself, whatever the files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from smug.jobs.settings.models import ModelSettings
from smug.masks.encode import shrink_mask
from smug.masks.linear import contributions, node_responses, receptive_fields
from smug.masks.minimal import ChosenNodes, masked
from smug.masks.replacement import replacement_of
from smug.models import rewire
from smug.models.first_layer import FirstLayer, find_first_layer
from smug.models.registry import Network
from smug.pipeline.networks import explained_network
from smug.pipeline.shards import AttributedShard, SolvedShard


@dataclass(frozen=True)
class Confirmer:
    """A network as the judge of masks.

    Parameters
    ----------
    model : keras.Model
        As it is explained, with an output a class.
    network : Network
        Preprocessing of its inputs.
    """

    model: keras.Model
    network: Network

    @classmethod
    def load(cls, path: str | Path, settings: ModelSettings) -> Confirmer:
        """Network of a job, see :func:`smug.pipeline.networks.explained_network`."""
        return cls(*explained_network(path, settings))

    def confirmed(
        self, shard: AttributedShard, solved: SolvedShard, method: Mapping[str, Any]
    ) -> np.ndarray:
        """True for masks that keep in the network what their problem asks, bool, shape (n,).

        A mask of the first layer is shown to the real layer: each chosen node has to answer on the
        whole input what the files say, and on the masked one more than ``gamma`` times as much
        (:meth:`~smug.models.first_layer.FirstLayer.keeps`). A mask of the whole network has to
        keep the class. A mask also has as many windows as its objective says.

        Parameters
        ----------
        shard : AttributedShard
            The inputs of `solved`, in the same order.
        solved : SolvedShard
        method : mapping
            The section ``method`` that the masks were made with.
        """
        found = solved.has_mask()
        if not found.any():
            return found
        x = self.network.preprocess(shard.images)
        holds = self._keeps_class if method["encoding"] == "network" else self._keeps_responses
        return np.array(
            [
                bool(found[i])
                and _windows(solved.masks[i], method["window"]) == solved.objective[i]
                and holds(x[i : i + 1], shard, solved, i, method)
                for i in range(len(found))
            ],
            bool,
        )

    @cached_property
    def _first(self) -> FirstLayer:
        return find_first_layer(self.model)

    def _keeps_responses(
        self,
        x: np.ndarray,
        shard: AttributedShard,
        solved: SolvedShard,
        i: int,
        method: Mapping[str, Any],
    ) -> bool:
        real, said = self._first, shard.layer
        if (real.linear.spatial, real.linear.output_shape) != (said.spatial, said.output_shape):
            return False
        nodes = solved.nodes[i][solved.nodes[i] >= 0]
        fields = receptive_fields(said, nodes)
        terms = contributions(said, shard.inputs[i], nodes, fields)
        total, _, positive = node_responses(said, nodes, terms, method["response"])
        entering = real.linear_input(x)[0]
        padding = shard.padding[i]
        instead = replacement_of(said, entering, padding, method["replacement"])
        chosen = ChosenNodes(said, shard.attribution[i], padding, nodes, fields)
        kept, _ = masked(chosen, solved.masks[i], entering, instead)
        return real.keeps(
            x,
            entering,
            kept,
            nodes[positive],
            total[positive],
            gamma=method["gamma"],
            response=said.resolve_response(method["response"]),
        )

    def _keeps_class(
        self,
        x: np.ndarray,
        shard: AttributedShard,
        solved: SolvedShard,
        i: int,
        method: Mapping[str, Any],
    ) -> bool:
        mask = solved.masks[i].reshape(solved.masks[i].shape + (1,) * (x.ndim - solved.masks.ndim))
        instead = replacement_of(shard.layer, x[0], shard.padding[i], method["replacement"])
        kept = np.where(mask, x, 0 if instead is None else instead).astype(x.dtype)
        return int(rewire.outputs_of(self.model, kept)[0].argmax()) == int(shard.target[i])


def _windows(mask: np.ndarray, window: int) -> int:
    return int(np.count_nonzero(shrink_mask(mask, window)))
