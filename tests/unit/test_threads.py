import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from smug import threads
from smug.errors import SmugError


def test_libraries_that_are_loaded_already_are_limited():
    before = max(pool["num_threads"] for pool in threadpool_info())
    try:
        threads.configure_threads(1)
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    finally:
        threadpool_limits(before)


@pytest.mark.parametrize(
    ("files", "chosen", "backend"),
    [
        ((None, "net.keras"), None, None),
        (("io.model=runs/NET.ONNX",), None, "torch"),
        (("net.onnx",), "jax", "jax"),
    ],
)
def test_an_onnx_file_chooses_torch_unless_the_user_chose(files, chosen, backend, monkeypatch):
    environment = {} if chosen is None else {"KERAS_BACKEND": chosen}
    monkeypatch.setattr(threads.os, "environ", environment)
    threads.choose_backend(*files)
    assert environment.get("KERAS_BACKEND") == backend


def test_less_than_one_thread_is_refused():
    with pytest.raises(SmugError, match="threads=0 is below 1"):
        threads.configure_threads(0)
