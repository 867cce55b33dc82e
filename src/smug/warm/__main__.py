"""Run a stage: ``python -m smug.warm <stage> [words...]``.

It does what ``python -m smug.stages.<stage> [words...]`` does, in a fork of the server where there
is one. This process then waits for the fork, which ends with it, and takes over its exit code.
"""

from __future__ import annotations

import json
import os
import socket
import sys

from smug.threads import is_onnx
from smug.warm import VARIABLE

#: Exit code of a job that was killed, as shells tell it.
_KILLED = 137


def ask(path: str, stage: str, words: list[str]) -> int | None:
    """Let the server run a job with this process's folder, environment and output.

    Parameters
    ----------
    path : str
        Socket of the server.
    stage : str
    words : list of str

    Returns
    -------
    int or None
        Exit code of the job; None where no server took it.
    """
    task = {"stage": stage, "words": words, "folder": os.getcwd(), "environment": dict(os.environ)}
    text = json.dumps(task).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            server.connect(path)
            # The job writes to the very files that this process writes to.
            socket.send_fds(server, [len(text).to_bytes(8, "big")], [1, 2])
            server.sendall(text)
            taken = server.recv(1)
        except OSError:
            return None
        if not taken:
            return None
        try:
            code = server.recv(1)
        except ConnectionError:
            code = b""
    return code[0] if code else _KILLED


def main() -> None:
    """Run the job that the command line names, and leave the process with its exit code."""
    stage, *words = sys.argv[1:]
    path = os.environ.get(VARIABLE)
    # The server's forks have TensorFlow; a job of an ONNX file chooses torch for itself.
    alone = any(is_onnx(word) for word in words if word.startswith("io."))
    code = ask(path, stage, words) if path and not alone else None
    if code is None:
        from smug.warm.stage import run_stage

        code = run_stage(stage, words)
    sys.exit(code)


if __name__ == "__main__":
    main()
