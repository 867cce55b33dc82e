"""Explained inputs for the gallery, some with text that tries to run in the page."""

from dataclasses import replace

import numpy as np
import pandas as pd

from smug.figures.gallery.inputs import page_data, plain_image, plain_review
from smug.io import save_json
from smug.pipeline.explained_images import ExplainedImage
from smug.pipeline.method_names import method_name
from smug.reviews.highlighted import HighlightedReview

HOSTILE = [
    "</script><script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 2'>",
    '"><svg onload=window.broken=3>',
    "<!--<script>",
    "javascript:window.broken=4",
]
CLASSES = ["Egyptian cat", "espresso", *HOSTILE]
#: LSC of (image, method); None where the method failed.
LSC = {"smug": (-1.0, 0.5, 0), "gradcam": (0.25, -2.0, 0), "opt_box": (-3.0, None, 0)}


def explained(i, size=8):
    rng = np.random.default_rng(i)
    scores = {}
    for method, values in LSC.items():
        value = values[min(i, 2)]
        scores[method, "lsc"] = np.nan if value is None else value
        scores[method, "seconds"] = 10.0 + i
        for edge, at in zip(("x1", "y1", "x2", "y2"), (1, 2, 5, 6), strict=True):
            scores[method, edge] = at
    scores["ground_truth", "lsc"] = np.nan
    return ExplainedImage(
        id=f"image {i} {CLASSES[i]}",
        pixels=rng.integers(0, 256, (size, size, 3), np.uint8),
        target=CLASSES[i],
        confidence=0.75,
        label=CLASSES[i],
        box=np.array([0, 0, 4, 8.0]) if i == 0 else np.full(4, np.nan),
        nodes=np.zeros((4, 4)),
        status="optimal",
        maps={"smug": rng.random((size, size)), "gradcam": rng.random((size, size))},
        masks={"smug": rng.random((size, size)) > 0.5},
        scores=scores,
    )


def record(folder, stage, shard, **config):
    """Path of a record, beside the results of its shard."""
    path = folder / stage / f"{shard}.json"
    content = {"stage": stage, "commit": "abc123+", "config": config}
    save_json(path, content)
    return path


def dataset(folder, name, rows, explained_in_all):
    files = {"masks": f"results/t/solve_masks/{name}/a=b+c/0.npz", HOSTILE[1]: "x/javascript:1.npz"}
    failed = {0: {"ggig": HOSTILE[2]}}
    inputs = [
        {**plain_image(explained(i), failed.get(i, {})), "files": files, "shard": i // 4, "row": i}
        for i in rows
    ]
    records = [
        record(folder, "prepare", "record", note=HOSTILE[0]),
        *(record(folder, "attribute", shard, steps=shard) for shard in (0, 1)),
    ]
    return page_data(
        records,
        inputs,
        kind="pictures",
        dataset=name,
        generated=False,
        explained=explained_in_all,
        name_of=method_name,
    )


def review():
    words = ["good", *HOSTILE, "head"]
    return HighlightedReview(
        title=HOSTILE[0],
        words=words,
        saliency={
            "SMUG": np.linspace(0, 1, len(words)),
            HOSTILE[1]: np.zeros(len(words)),
            "SIS": np.zeros(len(words)),
        },
        rationale=np.arange(len(words)) == 1,
        prediction=0.9,
        notes={"SMUG": HOSTILE[2], "SIS": "no answer"},
        unanswered=["SIS"],
    )


def reviews(folder):
    scores = pd.DataFrame(
        [("SMUG", "roc_auc", 0.75), (HOSTILE[1], "roc_auc", 0.5), ("SMUG", "best_mae", np.nan)],
        columns=["method", "metric", "value"],
    )
    second = replace(review(), title="second", words=["plain"] * len(review().words))
    return page_data(
        [record(folder, "attribute", 0, note=HOSTILE[0])],
        [
            {
                **plain_review(one, scores),
                "files": {"sufficient words": "results/t/sufficient_words/0.npz"},
                "shard": 0,
                "row": i,
            }
            for i, one in enumerate((review(), second))
        ],
        kind="words",
        dataset="beer (generated)",
        generated=True,
        explained=3,
        name_of=str,
    )
