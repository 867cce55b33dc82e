from smug.jobs import dependencies, home


def files_of(stage):
    """Files that a stage depends on, from the project's folder."""
    return [path.relative_to(home.HOME).as_posix() for path in dependencies.modules_of(stage)]


def test_modules_of_a_stage_are_those_it_imports():
    solve, train = files_of("solve_masks"), files_of("train_mnist")
    assert "src/smug/masks/encode.py" in solve
    assert "src/smug/masks/solvers/highs.py" in solve
    assert "src/smug/masks/solvers/cpsat_search.py" in solve
    assert "src/smug/stages/solve_masks.py" in solve
    assert "src/smug/models/networks/mnist_mlp.py" in train
    assert not [path for path in train if path.startswith("src/smug/masks/")]
    assert not [path for path in solve if path.startswith("src/smug/models/")]
    assert not [path for path in (*solve, *train) if path.startswith("src/smug/jobs/")]


def test_files_that_a_stages_modules_read_count_too():
    prepare, page = files_of("prepare_imagenet"), files_of("gallery")
    assert "src/smug/datasets/photographs.csv" in prepare
    assert "src/smug/models/imagenet_classes.txt" in prepare
    assert "src/smug/figures/gallery/template.html" in page
    assert all(path.endswith(".py") for path in files_of("solve_masks"))


def test_the_digest_of_a_stage_follows_its_files_and_not_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(home.HOME)
    solve, draw = map(dependencies.digest_of, ("solve_masks", "gallery"))
    assert solve != draw
    monkeypatch.chdir(tmp_path)
    assert dependencies.digest_of("solve_masks") == solve
    usual = dependencies._digest
    changed = home.HOME / "src/smug/masks/encode.py"
    monkeypatch.setattr(
        dependencies, "_digest", lambda path: "0" if path == changed else usual(path)
    )
    assert dependencies.digest_of("solve_masks") != solve
    assert dependencies.digest_of("gallery") == draw
