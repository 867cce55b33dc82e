"""Figure and table of the two-cats analysis (the paper's figure of OptBox gaming LSC)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from smug.drawing import image_grid, show_box, show_image, show_scores
from smug.figures.image_saliency import clipped
from smug.pipeline.method_names import method_name
from smug.pipeline.two_cats import TwoCats, TwoCatsResult

CAPTION = (
    "A big and a small cat on white: probability of the class predicted for both, LSC of the box "
    "around each, and share of each method's map on either cat. The paper's confidences (Inception "
    "v1, another photograph): 0.83 big, 0.15 small, 0.84 both."
)
PAPER_CONFIDENCE = {"big cat": 0.83, "small cat": 0.15, "both cats": 0.84}


def two_cats(cats: TwoCats, result: TwoCatsResult, class_name: str) -> Figure:
    """Draw the three images with confidences and boxes, then the maps on the image of both."""
    methods = [*result.maps, "opt_box"]
    columns = max(3, len(methods))
    figure, axes = image_grid(2, [""] * columns, width=2.2 * columns)
    for axis, name, image, confidence in zip(
        axes[0], PAPER_CONFIDENCE, cats.images, result.confidence, strict=False
    ):
        show_image(axis, image)
        axis.set_title(name)
        axis.set_xlabel(f"“{class_name}” {confidence:.2f} (paper {PAPER_CONFIDENCE[name]:.2f})")
    for box, lsc in zip(cats.boxes, result.box_lsc, strict=True):
        show_box(axes[0][2], box)
        axes[0][2].text(box[0] + 4, box[1] - 2, f"LSC {lsc:.2f}", verticalalignment="bottom")
    for axis in axes[0][3:]:
        axis.set_axis_off()
    for axis, method in zip(axes[1], methods, strict=False):
        if method in result.maps:
            show_scores(axis, clipped(result.maps[method]))
            big, small = result.shares[method]
            axis.set_xlabel(f"{big:.0%} on the big cat,\n{small:.0%} on the small one")
        else:
            show_image(axis, cats.images[2])
        show_box(axis, result.map_boxes[method])
        axis.set_title(f"{method_name(method)}: LSC {result.map_lsc[method]:.2f}")
    return figure


def two_cats_table(result: TwoCatsResult) -> pd.DataFrame:
    """One row per image of a cat and per method."""
    rows = [
        {
            "shown": name,
            "confidence": float(confidence),
            "paper_confidence": PAPER_CONFIDENCE[name],
            "lsc": float(lsc),
        }
        for name, confidence, lsc in zip(
            PAPER_CONFIDENCE, result.confidence, [*result.box_lsc, np.nan], strict=True
        )
    ]
    rows += [
        {
            "shown": method_name(method),
            "lsc": lsc,
            "on_big_cat": result.shares.get(method, (np.nan,) * 2)[0],
            "on_small_cat": result.shares.get(method, (np.nan,) * 2)[1],
        }
        for method, lsc in result.map_lsc.items()
    ]
    return pd.DataFrame(rows)
