"""Threads, backend and log of this process, set before numeric libraries are imported."""

from __future__ import annotations

import logging
import os
import sys
import warnings

from smug.errors import SmugError


def configure_threads(threads: int) -> None:
    """Limit every numeric library of this process; to be called before they are imported."""
    if threads < 1:
        raise SmugError(f"threads={threads} is below 1")
    for variable in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "NPROC",  # what JAX takes for the number of cores
    ):
        os.environ[variable] = str(threads)
    # The command answers its own mistakes before it needs any numeric library.
    from threadpoolctl import threadpool_limits

    # Libraries that are loaded already, such as NumPy's, no longer read their variables.
    threadpool_limits(threads)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def is_onnx(file: str | None) -> bool:
    """True for the name of an ONNX file, or a job's word that ends in one (``io.model=…``)."""
    return file is not None and file.lower().endswith(".onnx")


def choose_backend(*files: str | None) -> None:
    """Let Keras run on torch for an ONNX file, which nothing else runs, unless the user chose."""
    if any(map(is_onnx, files)):
        os.environ.setdefault("KERAS_BACKEND", "torch")


def quiet() -> bool:
    """Keep the log lines of TensorFlow and Keras off the terminal; False if the user asks for them.

    A level that the user has set (``TF_CPP_MIN_LOG_LEVEL``, ``python -W``) stays.
    """
    chosen = "TF_CPP_MIN_LOG_LEVEL" in os.environ
    if not chosen:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        for name in ("tensorflow", "absl"):
            logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", module=r"(keras|tensorflow)\b")
    return not chosen
