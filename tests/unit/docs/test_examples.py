"""The Python examples of the pages and of the README run as they stand."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
#: Pages with examples; the others have none, and a new one is found by itself.
EXAMPLES = {
    page: blocks
    for page in PAGES
    if (blocks := re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S))
}


def test_the_pages_that_promise_examples_have_them():
    assert {ROOT / "README.md", ROOT / "docs/own_model.md"} <= EXAMPLES.keys()


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    # What the README takes for granted: a network of the reader's own, and an input for it.
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.save("mine.keras")
    names = {"x": np.random.default_rng(0).random((8, 8, 1), np.float32)}
    for number, block in enumerate(EXAMPLES[page], 1):
        exec(compile(block, f"{page.name}, example {number}", "exec"), names)
    if page.name in ("README.md", "own_model.md"):
        assert {"explanation.png", "explanation.npz", "explanation.json"} <= {
            path.name for path in tmp_path.iterdir()
        }
        shape = (1, 8, 8) if page.name == "README.md" else (2, 16, 16)
        assert names["explanation"].values.shape == shape
