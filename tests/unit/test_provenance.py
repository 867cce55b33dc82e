import subprocess

import numpy as np

from smug import provenance


def git(folder, *words):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True
    )


def test_a_checkout_has_a_commit_and_says_where_it_was_changed(tmp_path):
    assert provenance.commit(tmp_path) is None
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    (tmp_path / "inside").mkdir()
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "one")
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tmp_path, text=True).strip()
    assert provenance.commit(tmp_path) == head
    (tmp_path / "a").write_text("2")
    assert provenance.commit(tmp_path) == f"{head}+"
    # Installed inside somebody's repository, the package is not that repository's commit.
    assert provenance.commit(tmp_path / "inside") is None


def test_arrays_of_other_type_shape_or_values_have_another_hash():
    a = np.arange(6.0)
    others = [a.astype(np.float32), a.reshape(2, 3), a[::-1], a + 1e-12]
    hashes = {provenance.sha256_of_arrays([x]) for x in (a, *others)}
    assert len(hashes) == 5
    assert provenance.sha256_of_arrays([a.copy()]) in hashes


def test_a_package_that_is_not_there_has_no_version():
    found = provenance.versions(["numpy", "tensorflow", "no-such-package"])
    assert found["numpy"] == np.__version__
    assert found["tensorflow"]
    assert found["no-such-package"] is None
