import pytest

from smug.errors import SmugError
from smug.models.weights.published import check_sha256, packaged_file


def test_wrong_hash_names_both(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"abc")
    found = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    check_sha256(path, found)
    with pytest.raises(SmugError, match=f"{found}.*{'0' * 64}"):
        check_sha256(path, "0" * 64)
    with pytest.raises(SmugError, match="no weights file"):
        check_sha256(path.with_name("other"), found)


def test_a_file_is_found_without_running_its_package(tmp_path, monkeypatch):
    package = tmp_path / "weights_of_someone"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('its code ran')")
    monkeypatch.syspath_prepend(tmp_path)
    found = packaged_file("weights-of-someone", "weights_of_someone", "models/some.pkl")
    assert found == package / "models/some.pkl"


def test_a_missing_package_says_what_to_install():
    with pytest.raises(SmugError, match=r"package no-such-one is not installed.*its \.pkl file"):
        packaged_file("no-such-one", "no_such_one", "some.pkl")
