"""A Slurm cluster of one machine whose every file and process ends with the test."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

#: Programs that have to be installed; Debian's packages slurm-wlm and munge hold all of it.
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo", "scontrol")

#: Nothing here needs systemd, control groups, accounting or another account than the caller's.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/finished.txt
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=86400
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class ClusterError(RuntimeError):
    """The cluster did not come up or does not answer."""


def program(name: str) -> str | None:
    """Full path of a program; daemons often stand outside a user's PATH."""
    return shutil.which(name, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin")))


def missing() -> list[str]:
    """Programs of Slurm that this machine lacks."""
    return [name for name in PROGRAMS if program(name) is None]


@contextlib.contextmanager
def one_machine(memory: int) -> Iterator[dict[str, str]]:
    """Run a cluster of this machine; yields the environment in which its commands work.

    ``memory`` is what the node claims to have, in MB: jobs ask for what real nodes have.
    """
    # Not pytest's own folder: the path of a socket may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    daemons: list[subprocess.Popen] = []
    environment = {
        **os.environ,
        "SLURM_CONF": str(folder / "slurm.conf"),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        configure(folder, memory)
        daemons.append(start(munged(folder), folder, environment))
        wait_for((folder / "munge.socket").exists, daemons, folder)
        daemons.append(start(["slurmctld", "-D"], folder, environment))
        daemons.append(start(["slurmd", "-D"], folder, environment))
        wait_for(lambda: state(environment) == "idle", daemons, folder)
        yield environment
    finally:
        # A cluster that did not come up has no jobs, and another error to tell.
        with contextlib.suppress(ClusterError):
            cancel_jobs(environment)
        for daemon in reversed(daemons):
            stop(daemon)
        shutil.rmtree(folder, ignore_errors=True)


def configure(folder: Path, memory: int) -> None:
    """Write the cluster's configuration, folders and key."""
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    controller_port, node_port = free_ports(2)
    text = CONFIGURATION.format(
        folder=folder,
        host=socket.gethostname().split(".")[0],
        user=os.getuid(),
        controller_port=controller_port,
        node_port=node_port,
        cpus=os.cpu_count(),
        memory=memory,
    )
    (folder / "slurm.conf").write_text(text)
    # Inside a job the plugin drops SLURM_CONF: real clusters have their file in /etc.
    srun = folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {program("srun")} "$@"\n')
    srun.chmod(0o755)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nothing listens to."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def munged(folder: Path) -> list[str]:
    """The command of the authentication daemon; --force: its folder is the caller's alone."""
    files = {
        "key-file": "munge.key",
        "log-file": "munged.log",
        "pid-file": "munged.pid",
        "seed-file": "munged.seed",
        "socket": "munge.socket",
    }
    return [
        "munged",
        "--foreground",
        "--force",
        *(f"--{option}={folder / name}" for option, name in files.items()),
    ]


def start(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen:
    """Start a daemon in the foreground, as a child that can be waited for."""
    with open(folder / f"{command[0]}.out", "wb") as out:
        return subprocess.Popen(
            [program(command[0]), *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def wait_for(ready, daemons: list[subprocess.Popen], folder: Path, seconds: float = 30) -> None:
    """Wait until ``ready()``; a daemon that ended or the time being up raises with the logs."""
    deadline = time.monotonic() + seconds
    while not ready():
        ended = [daemon.args[0] for daemon in daemons if daemon.poll() is not None]
        if ended or time.monotonic() > deadline:
            logs = [*folder.glob("*.out"), *folder.glob("*.log")]
            text = "\n".join(f"== {log.name}\n{log.read_text()[-2000:]}" for log in logs)
            raise ClusterError(f"ended: {ended or 'none'}, waited {seconds} s\n{text}")
        time.sleep(0.2)


def ask(command: list[str], environment: dict[str, str]) -> str:
    """Standard output of a short command; raises if it failed or hung."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{command[0]}: no answer after {error.timeout} s") from error
    if done.returncode:
        raise ClusterError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def state(environment: dict[str, str]) -> str:
    """State of the only node, such as ``idle``; empty while the controller starts."""
    try:
        return ask(["sinfo", "--noheader", "--format=%T"], environment)
    except ClusterError:
        return ""


def finished_jobs(environment: dict[str, str]) -> dict[str, str]:
    """State in which every job ended, by its id: the record that outlives the queue."""
    record = Path(environment["SLURM_CONF"]).with_name("finished.txt").read_text()
    return dict(re.findall(r"^JobId=(\d+) .*?\bJobState=(\w+)", record, re.M))


def cancel_jobs(environment: dict[str, str]) -> None:
    """Cancel what is left and wait for it to end, or its processes would outlive the daemons."""
    ask(["scancel", "--state=PENDING", f"--user={os.getuid()}"], environment)
    ask(["scancel", f"--user={os.getuid()}"], environment)
    deadline = time.monotonic() + 20
    while ask(["squeue", "--noheader"], environment) and time.monotonic() < deadline:
        time.sleep(0.5)


def stop(daemon: subprocess.Popen) -> None:
    """End a daemon, by force if it does not end when asked."""
    daemon.terminate()
    try:
        daemon.wait(timeout=15)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait(timeout=15)
