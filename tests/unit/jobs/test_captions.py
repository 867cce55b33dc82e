import pytest

from smug.errors import SmugError
from smug.jobs import captions, config
from smug.jobs.captions import keys_of, settings_shown
from smug.jobs.groups import datasets
from smug.jobs.overrides import flatten, parse_overrides
from smug.jobs.selection import Run


def test_a_caption_names_its_settings_in_its_first_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(captions, "FOLDER", tmp_path)
    head = ".. settings: method.gamma solver.name\n   grid.top_k\n\n   no.key\nText.\n"
    (tmp_path / "one.rst").write_text(head)
    assert keys_of("one") == ["method.gamma", "solver.name", "grid.top_k"]


@pytest.mark.parametrize("text", ["Text.\n", "Text.\n.. settings: method.gamma\n"])
def test_a_caption_without_its_settings_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.setattr(captions, "FOLDER", tmp_path)
    (tmp_path / "one.rst").write_text(text)
    with pytest.raises(SmugError, match=r"one\.rst does not begin with '\.\. settings: "):
        keys_of("one")
    with pytest.raises(SmugError, match=r"no caption .*two\.rst"):
        keys_of("two")


def test_every_setting_that_a_caption_names_exists():
    known = {key for name in datasets() for key, _ in flatten(config.compose(name))}
    known |= {
        key
        for variant in ("mnist:explainer=geometric_ensemble",)
        for key, _ in flatten(config.compose("mnist", parse_overrides(variant)))
    }
    for path in captions.FOLDER.glob("*.rst"):
        if path.stem != "workflow":
            assert set(keys_of(path.stem)) <= known, path.name


def test_each_dataset_shows_its_own_values_and_leaves_out_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(captions, "FOLDER", tmp_path)
    (tmp_path / "one.rst").write_text(".. settings: method.gamma dataset.num_words\n")
    run = Run(parse_overrides("mnist:method.gamma=0.125 beer:method.gamma=0.25"))
    assert settings_shown("one", run, ["mnist", "beer"]) == [
        "mnist: ``method.gamma=0.125``",
        "beer: ``method.gamma=0.25``, ``dataset.num_words=10000``",
    ]
    changed = settings_shown("one", run, ["mnist"], "method.gamma=0.5")
    assert changed == ["mnist: ``method.gamma=0.5``"]
