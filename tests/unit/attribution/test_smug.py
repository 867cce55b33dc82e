import io
import sys

import numpy as np

from smug.attribution.smug import smug
from smug.methods import explain
from tests.unit.masks.test_saliency import SETTINGS, image, image_model


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_the_state_of_the_search_and_keeps_no_line(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    smug(image_model(), image()[None], np.array([0]), solver="anytime", **SETTINGS)
    shown = sys.stderr.getvalue()
    assert "windows, proven at least" in shown
    assert shown.endswith("\r")


def test_a_log_shows_nothing(capsys):
    smug(image_model(), image()[None], np.array([0]), **SETTINGS)
    assert capsys.readouterr().err == ""


def test_the_base_mask_holds_every_smaller_mask_and_its_own_map():
    model, x = image_model(), image()[None]
    made = explain(model, x, method="smug", **SETTINGS)
    base = explain(model, x, method="smug_base", top_k=25, window=2, steps=20)
    assert base.mask[made.mask].all()
    assert base.mask.sum() > made.mask.sum()
    assert not base.values[~base.mask].any()
    np.testing.assert_array_equal(np.where(made.mask, base.values, 0), made.values)


def test_rankings_choose_other_nodes():
    model, x = image_model(), image()[None]
    chosen = {}
    for ranking in ("integrated_gradients", "gradients", "activations", "random"):
        settings = SETTINGS | {"ranking": ranking}
        _, (found,) = smug(model, x, np.array([0]), return_details=True, **settings)
        chosen[ranking] = tuple(found.minimal.chosen.nodes.tolist())
    assert len(set(chosen.values())) == 4
