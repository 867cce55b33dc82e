"""Table of what works with torch modules: every method on every kind, by running all pairs.

``KERAS_BACKEND=torch python docs/works_modules.py`` writes it into
``docs/reference/works_modules.md``; where torch is installed, a test holds it up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent))
from works import Kind, outcomes, page

PATH = Path(__file__).parent / "reference" / "works_modules.md"
COMMAND = "KERAS_BACKEND=torch python docs/works_modules.py"

_RNG = np.random.default_rng(0)
_IMAGE = _RNG.random((2, 2, 4, 4)).astype(np.float32)
_SERIES = _RNG.random((2, 2, 6)).astype(np.float32)
_TABLE = _RNG.random((2, 4)).astype(np.float32)
_WORDS = np.array([[1, 2, 3, 4, 0], [5, 4, 3, 2, 1]], np.int64)


class Net(nn.Module):
    """A network of named parts, and what runs them."""

    def __init__(self, run: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)
        self.run = run

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Answer of the network."""
        return self.run(self, *args, **kwargs)


def _chain(*parts: nn.Module) -> nn.Module:
    return nn.Sequential(*parts)


def _image(first: nn.Module | None = None, features: int = 27) -> nn.Module:
    return _chain(
        first or nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(features, 3), nn.Softmax(1)
    )


def _functions() -> nn.Module:
    def run(net: Any, x: Any) -> Any:
        x = net.norm(net.first(F.pad(x, (1, 0, 1, 0))))
        x = F.max_pool2d(F.relu(x, inplace=True), 2)
        x = F.dropout(x, training=net.training).view(x.shape[0], -1)
        return F.softmax(net.scores(x), dim=1)

    parts = {"first": nn.Conv2d(2, 3, 2), "norm": nn.BatchNorm2d(3), "scores": nn.Linear(12, 3)}
    return Net(run, **parts)


def _residual() -> nn.Module:
    def run(net: Any, x: Any) -> Any:
        x = F.relu(net.first(x))
        return net.scores(F.relu(x + net.second(x)).flatten(1))

    parts = {
        "first": nn.Conv2d(2, 3, 2),
        "second": nn.Conv2d(3, 3, 1),
        "scores": nn.Linear(27, 3),
    }
    return Net(run, **parts)


def _patches() -> nn.Module:
    def run(net: Any, x: Any) -> Any:
        return net.scores(net.attention(net.first(x).flatten(2).transpose(1, 2)).mean(1))

    return Net(
        run, first=nn.Conv2d(2, 8, 2, stride=2), attention=_attention(8), scores=nn.Linear(8, 3)
    )


def _attention(features: int = 4) -> nn.Module:
    return nn.TransformerEncoderLayer(features, 2, 8, batch_first=True)


def _end() -> nn.Module:
    return nn.Linear(4, 3)


def _two_inputs() -> nn.Module:
    def run(net: Any, photo: Any, facts: Any) -> Any:
        seen = F.relu(net.first(photo)).flatten(1)
        return net.scores(torch.cat([seen, F.relu(net.known(facts))], 1))

    parts = {"first": nn.Conv2d(2, 3, 2), "known": nn.Linear(4, 3), "scores": nn.Linear(30, 3)}
    return Net(run, **parts)


def _two_outputs() -> nn.Module:
    def run(net: Any, x: Any) -> Any:
        x = F.relu(net.first(x)).flatten(1)
        return {"kind": net.kind(x), "size": net.size(x)}

    parts = {"first": nn.Conv2d(2, 3, 2), "kind": nn.Linear(27, 3), "size": nn.Linear(27, 1)}
    return Net(run, **parts)


def _series_lstm() -> nn.Module:
    def run(net: Any, x: Any) -> Any:
        return net.scores(net.memory(x)[0][:, -1])

    return Net(run, memory=nn.LSTM(2, 4, batch_first=True), scores=_end())


def _words(kind: str) -> nn.Module:
    def run(net: Any, ids: Any) -> Any:
        x = net.words(ids)
        if kind == "conv":
            x = F.relu(net.first(x.transpose(1, 2))).amax(2)
        elif kind == "lstm":
            x = net.memory(x)[0][:, -1]
        else:
            x = net.attention(x).mean(1)
        return net.scores(x)

    middle = {
        "conv": {"first": nn.Conv1d(4, 4, 2)},
        "lstm": {"memory": nn.LSTM(4, 4, batch_first=True)},
        "attention": {"attention": _attention()},
    }
    return Net(run, words=nn.Embedding(6, 4), **middle[kind], scores=_end())


KINDS: tuple[Kind, ...] = (
    Kind("image, Conv2d", _image, _IMAGE),
    Kind("image, functions (`F.pad`, `F.relu`, `F.max_pool2d`, `view`)", _functions, _IMAGE),
    Kind("image, residual", _residual, _IMAGE),
    Kind("image, groups", lambda: _image(nn.Conv2d(2, 4, 2, groups=2), 36), _IMAGE),
    Kind("image, padded by reflection",
         lambda: _image(nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), 48), _IMAGE),
    Kind("image, transposed", lambda: _image(nn.ConvTranspose2d(2, 3, 2), 75), _IMAGE),
    Kind("image, dropout, in training mode",
         lambda: _chain(nn.Dropout(0.5), *_image()).train(), _IMAGE),
    Kind("image, patches and attention (ViT)", _patches, _IMAGE),
    Kind("image, bfloat16", lambda: _image().bfloat16(), _IMAGE),
    Kind("image, float64", lambda: _image().double(), _IMAGE),
    Kind("image and table (`explain=`)", _two_inputs, {"photo": _IMAGE, "facts": _TABLE},
         {"explain": "photo"}),
    Kind("image, several outputs (`output=`)", _two_outputs, _IMAGE, {"output": "kind"}),
    Kind("image, segmentation map (`reduce=`)",
         lambda: _chain(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 3, 1)), _IMAGE,
         {"reduce": "mean"}),
    Kind("volume, Conv3d",
         lambda: _chain(nn.Conv3d(1, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3)),
         _RNG.random((2, 1, 3, 3, 2)).astype(np.float32)),
    Kind("series, Conv1d",
         lambda: _chain(nn.Conv1d(2, 8, 2), nn.ReLU(), nn.Flatten(), nn.Linear(40, 3),
                        nn.Softmax(1)), _SERIES),
    Kind("series, LSTM (`batch_first`)", _series_lstm, _SERIES.transpose(0, 2, 1)),
    Kind("table, Linear", lambda: _chain(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)), _TABLE),
    Kind("words, Embedding and Conv1d", lambda: _words("conv"), _WORDS),
    Kind("words, Embedding and LSTM", lambda: _words("lstm"), _WORDS),
    Kind("words, Embedding and attention", lambda: _words("attention"), _WORDS),
)  # fmt: skip


def main() -> None:
    """Run all pairs and write the table."""
    PATH.write_text(page(outcomes(KINDS)), "utf-8")


if __name__ == "__main__":
    main()
