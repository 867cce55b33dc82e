from pathlib import Path

from smug.jobs import dependencies, home


def test_modules_of_a_stage_are_those_it_imports():
    solve, train = (
        dependencies.modules_of("solve_masks"),
        dependencies.modules_of("train_mnist"),
    )
    assert "src/smug/masks/encode.py" in solve
    assert "src/smug/masks/solvers/highs.py" in solve
    assert "src/smug/masks/solvers/cpsat_search.py" in solve
    assert "src/smug/stages/solve_masks.py" in solve
    assert "src/smug/models/networks/mnist_mlp.py" in train
    assert not [path for path in train if path.startswith("src/smug/masks/")]
    assert not [path for path in solve if path.startswith("src/smug/models/")]
    assert not [path for path in (*solve, *train) if path.startswith("src/smug/jobs/")]


def test_files_that_a_stages_modules_read_count_too():
    prepare, page = (dependencies.modules_of(s) for s in ("prepare_imagenet", "gallery"))
    assert "src/smug/datasets/photographs.csv" in prepare
    assert "src/smug/models/imagenet_classes.txt" in prepare
    assert "src/smug/figures/gallery/template.html" in page
    solve = dependencies.modules_of("solve_masks")
    assert all(path.endswith(".py") for path in solve)


def test_a_run_started_elsewhere_finds_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(home.HOME)
    at_home = dependencies.modules_of("solve_masks")
    assert all(not Path(path).is_absolute() for path in at_home)
    monkeypatch.chdir(tmp_path)
    assert dependencies.modules_of("solve_masks") == [str(home.HOME / path) for path in at_home]


def test_the_digest_of_a_stage_follows_its_files_and_not_their_place(tmp_path, monkeypatch):
    monkeypatch.chdir(home.HOME)
    solve, draw = map(dependencies.digest_of, ("solve_masks", "gallery"))
    assert solve != draw
    monkeypatch.chdir(tmp_path)
    assert dependencies.digest_of("solve_masks") == solve
    usual = dependencies.sha256
    changed = str(home.HOME / "src/smug/masks/encode.py")
    monkeypatch.setattr(
        dependencies, "sha256", lambda path: "0" if str(path) == changed else usual(path)
    )
    assert dependencies.digest_of("solve_masks") != solve
    assert dependencies.digest_of("gallery") == draw
