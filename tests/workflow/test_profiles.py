"""Profiles of clusters and clouds: Snakemake knows what they say and plans by them."""

import os
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest
import yaml
from snakemake.cli import get_argument_parser

from tests.workflow.conftest import ROOT

QUICK = "experiment=quick"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
#: Profiles that need a plugin, and the extra that installs it.
EXTRA = {
    "aws-batch": "aws",
    "google-batch": "google",
    "kubernetes": "kubernetes",
    "s3": "s3",
    "slurm": "slurm",
}
PROFILES = sorted(path.name for path in (ROOT / "profiles").iterdir())

#: What docs/workflow.md asks to set, and addresses where nothing is found.
SET = {
    "SMUG_IMAGE": "registry/smug",
    "SMUG_STORAGE": "s3://bucket/folder",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "SNAKEMAKE_AWS_BATCH_JOB_QUEUE": "queue",
    "SNAKEMAKE_AWS_BATCH_JOB_ROLE": "role",
    "GOOGLE_CLOUD_PROJECT": "project",
    "GOOGLE_CLOUD_REGION": "europe-west1",
}

#: A storage that holds nothing, as a plugin.
EMPTY_STORAGE = """
from snakemake_interface_storage_plugins.storage_object import (
    StorageObjectRead, StorageObjectWrite,
)
from snakemake_interface_storage_plugins.storage_provider import (
    StorageProviderBase, StorageQueryValidationResult,
)

class StorageProvider(StorageProviderBase):
    @classmethod
    def example_queries(cls):
        return []
    @classmethod
    def is_valid_query(cls, query):
        valid = query.startswith("empty://")
        return StorageQueryValidationResult(query=query, valid=valid, reason="")
    def rate_limiter_key(self, query, operation):
        return ""
    def default_max_requests_per_second(self):
        return 1000
    def use_rate_limiter(self):
        return False

class StorageObject(StorageObjectRead, StorageObjectWrite):
    async def inventory(self, cache):
        pass
    def get_inventory_parent(self):
        return None
    def local_suffix(self):
        return self.query.removeprefix("empty://")
    def cleanup(self):
        pass
    def exists(self):
        return False
    def mtime(self):
        raise FileNotFoundError(self.query)
    size = retrieve_object = store_object = remove = mtime
"""


def _profile(name):
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


def _plugins(profile):
    """Packages that a profile needs beside Snakemake."""
    named = {"executor": "executor", "default-storage-provider": "storage"}
    return [
        f"snakemake-{kind}-plugin-{profile[key]}" for key, kind in named.items() if key in profile
    ]


def _jobs(folder, *words, **environment):
    """Number of jobs that Snakemake plans."""
    words = ["-s", ROOT / "Snakefile", "-d", folder, "--dry-run", *words]
    result = subprocess.run(
        [sys.executable, "-m", "snakemake", *words, "--config", f"override={QUICK}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    return int(re.search(r"^total +(\d+)$", text, re.M)[1])


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """Number of jobs without a profile of these."""
    return _jobs(tmp_path_factory.mktemp("at_home"))


@pytest.mark.parametrize("name", PROFILES)
def test_snakemake_knows_every_word_of_a_profile(name):
    profile = _profile(name)
    parser = get_argument_parser()
    known = {text.lstrip("-") for action in parser._actions for text in action.option_strings}
    own = (f"{profile.get('executor')}-", f"storage-{profile.get('default-storage-provider')}-")
    assert {key for key in profile if not key.startswith(own)} <= known
    assert set(profile.get("default-resources", {})) <= {"mem_mb", "disk_mb", "runtime"}
    variables = {v for value in profile.values() for v in re.findall(r"\$(\w+)", str(value))}
    assert variables <= set(SET)


@pytest.mark.parametrize("name", PROFILES)
def test_an_extra_installs_what_a_profile_needs(name):
    packages = {re.match(r"[\w-]+", text)[0] for text in EXTRAS.get(EXTRA.get(name), [])}
    assert set(_plugins(_profile(name))) == packages


@pytest.fixture
def nowhere():
    """Address of a server that finds nothing."""

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", sorted(EXTRA))
def test_a_profile_plans_what_the_machine_at_hand_does(name, tmp_path, nowhere, at_home):
    profile = _profile(name)
    missing = [p for p in _plugins(profile) if find_spec(p.replace("-", "_")) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install 'smug[{EXTRA[name]}]'")
    storage = SET["SMUG_STORAGE"]
    if profile.get("default-storage-provider") == "gcs":
        storage = storage.replace("s3:", "gs:")
    set_here = {**SET, "SMUG_STORAGE": storage, "STORAGE_EMULATOR_HOST": nowhere}
    words = ["--workflow-profile", ROOT / "profiles" / name]
    planned = _jobs(tmp_path, *words, **set_here, SNAKEMAKE_STORAGE_S3_ENDPOINT_URL=nowhere)
    assert planned == at_home


def test_results_that_lie_in_storage_are_planned_as_those_of_a_folder(tmp_path, at_home):
    plugin = tmp_path / "plugins" / "snakemake_storage_plugin_empty"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(EMPTY_STORAGE)
    path = os.pathsep.join([str(plugin.parent), os.environ.get("PYTHONPATH", "")])
    words = ["--default-storage-provider", "empty", "--default-storage-prefix", "empty://bucket/a"]
    assert _jobs(tmp_path, *words, PYTHONPATH=path) == at_home > 30


@pytest.mark.skipif(
    find_spec("snakemake_storage_plugin_zenodo") is None, reason="needs pip install 'smug[zenodo]'"
)
def test_a_crate_has_a_place_in_a_deposition(tmp_path):
    words = ["-s", ROOT / "examples/deposit.smk", "-d", tmp_path, "--list-rules"]
    subprocess.run(
        [sys.executable, "-m", "snakemake", *words, "--config", "run=demo", "deposition=12"],
        cwd=tmp_path,
        env={**os.environ, "SNAKEMAKE_STORAGE_ZENODO_ACCESS_TOKEN": "token"},
        check=True,
    )
