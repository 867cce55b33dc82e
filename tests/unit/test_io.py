import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from smug import io
from smug.errors import SmugError
from tests.damage import flipped


def test_arrays_come_back(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "yz"]), "c": np.bool_(True)}
    io.save_arrays(tmp_path / "new" / "x.npz", arrays)
    again = io.load_arrays(tmp_path / "new" / "x.npz")
    assert set(again) == set(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(again[name], value)


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_come_back(tmp_path, order):
    values = np.asarray(np.arange(24).reshape(6, 2, 2), order=order)
    io.save_arrays(tmp_path / "x.npz", {"a": values, "b": np.array(["x", "yz"])})
    for start, stop in ((0, 2), (3, 5), (4, 9), (6, 8), (7, 9), (0, None)):
        rows = io.load_rows(tmp_path / "x.npz", "a", start, stop)
        np.testing.assert_array_equal(rows, values[start:stop])
    assert io.load_rows(tmp_path / "x.npz", "b").tolist() == ["x", "yz"]


def test_objects_are_refused(tmp_path):
    with pytest.raises(SmugError, match="'a' holds Python objects"):
        io.save_arrays(tmp_path / "x.npz", {"a": np.array([{}, None])})
    assert list(tmp_path.iterdir()) == []


def test_pickled_arrays_are_not_read(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.array([{}, None], dtype=object))
    with pytest.raises(SmugError, match=r"x\.npz is damaged"):
        io.load_arrays(tmp_path / "x.npz")


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_truncated_file_is_named(tmp_path, keep):
    path = tmp_path / "x.npz"
    io.save_arrays(path, {"a": np.arange(1000)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SmugError, match=r"x\.npz is damaged.*delete it and run again"):
        io.load_arrays(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SmugError, match=r"no file .*x\.npz"):
        io.load_arrays(tmp_path / "x.npz")
    with pytest.raises(SmugError, match=r"no file .*x\.json"):
        io.load_json(tmp_path / "x.json")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.json"
    io.save_json(path, {"old": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        io.save_json(path, {"half": object()})
    with pytest.raises(ZeroDivisionError):
        _write_half(path)
    assert io.load_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path):
    with io.atomic(path) as temporary:
        temporary.write_text("half")
        temporary.write_text(str(1 / 0))


def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path):
    code = (
        "import os, sys\nfrom smug import io\n"
        "with io.atomic(sys.argv[1]) as path:\n"
        "    path.write_text('half')\n    os.kill(os.getpid(), 9)"
    )
    target, others = tmp_path / "x.npz", [tmp_path / ".x-1-abcdefgh.npz", tmp_path / ".x.npz"]
    for other in others:
        other.write_text("another file's")
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code, str(target)])
        assert len(list(tmp_path.iterdir())) == 3
    io.save_arrays(target, {"a": np.arange(3)})
    assert set(tmp_path.iterdir()) == {target, *others}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 64 kB of its own."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs the program mount")
def test_a_really_full_disk_keeps_the_old_file(small_disk):
    path, noise = small_disk / "x.npz", np.random.default_rng(0).bytes(200_000)
    io.save_arrays(path, {"a": np.arange(3)})
    with pytest.raises(SmugError, match=r"cannot write .*x\.npz: No space left on device"):
        io.save_arrays(path, {"a": np.frombuffer(noise, np.uint8)})
    assert io.load_arrays(path)["a"].tolist() == [0, 1, 2]
    assert list(small_disk.iterdir()) == [path]


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs the program mount")
def test_a_read_only_disk_is_said(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(SmugError, match=r"cannot write .*x\.json: Read-only file system; choose"):
        io.save_json(small_disk / "x.json", {})


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(SmugError, match=r"cannot write .*x\.npz: No space left on device"):
        io.save_arrays(tmp_path / "x.npz", {"a": np.arange(3)})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SmugError, match=r"cannot write .*file/x\.json.*choose another folder"):
        io.save_json(tmp_path / "file" / "x.json", {})


def test_results_are_as_readable_as_other_files(tmp_path):
    io.save_json(tmp_path / "x.json", {})
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "x.json").stat().st_mode == plain.stat().st_mode


def test_sha256_of_known_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert io.sha256(tmp_path / "x") == digest


def test_damage_of_arrays_is_refused_or_changes_nothing(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"a": rng.normal(size=(9, 4)), "b": np.array(["x", "yz"]), "c": np.bool_(True)}
    path = tmp_path / "x.npz"
    io.save_arrays(path, arrays)
    content = path.read_bytes()
    damaged = [b"", b"PK", b"{}", content[:-1], content[1:], content * 2]
    damaged += flipped(content, rng.integers(0, 8 * len(content), 400))
    refused = 0
    for one in damaged:
        path.write_bytes(one)
        try:
            found = io.load_arrays(path)
        except SmugError as error:
            refused += "x.npz is damaged" in str(error)
            continue
        # A name has no checksum of its own; readers ask for the names that they know.
        for name in arrays.keys() & found.keys():
            np.testing.assert_array_equal(found[name], arrays[name])
    assert refused > 200


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[" * 100_000, b"1" * 5000, b'{"a"', b"\xef\xbb\xbf{}"]
)
def test_damaged_json_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(SmugError, match=r"x\.json is damaged.*delete it and run again"):
        io.load_json(tmp_path / "x.json")


def test_one_array_is_no_archive_of_arrays(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3))
    with pytest.raises(SmugError, match=r"x\.npy is damaged"):
        io.load_arrays(tmp_path / "x.npy")


def test_half_a_character_comes_back(tmp_path):
    io.save_json(tmp_path / "x.json", {"file": "ph\udce9 ☕"})
    assert io.load_json(tmp_path / "x.json") == {"file": "ph\udce9 ☕"}
