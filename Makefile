# make results | report | check | crate | test | lint | docs | bench: each makes .venv from the lock on first use.
PYTHON ?= python3
# OMP_NUM_THREADS is for the threads of one job: nproc would take it for the number of cores.
CORES ?= $(shell env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc 2>/dev/null || sysctl -n hw.ncpu)
BIN := .venv/bin
# Make hands the variable override on to what it starts: the shell reads it, whatever its quotes.
OVERRIDE = $(if $(override),--config override="$$override")
RUN_NAME = import os; from smug.jobs import config; o = config.parse_overrides(os.environ.get("override", "")); print(config.compose("mnist", o)["workflow"]["run"])
# Without overrides the name is what the file says; to compose it takes a second more.
RESULTS = results/$(if $(override),$$($(BIN)/python -c '$(RUN_NAME)'),$(shell sed -n 's/^run: *\([^ ]*\).*/\1/p' conf/workflow/all.yaml))
REPORT = --report $(RESULTS)/report.html \
  --report-stylesheet workflow/report/style.css

# Tests that are run on JAX as well: of models, methods, measures, smug.explain, and of maps on
# networks that are changed. The project's own networks are trained and read by the workflow, which
# runs on TensorFlow; test_geometry.py has the layers of test_kernels.py.
ON_JAX := tests/unit/models tests/unit/attribution tests/unit/metrics $(addsuffix .py,$(addprefix \
  tests/unit/test_,explain explanation hostile interfaces magnitudes methods volumes) \
  $(addprefix tests/unit/pipeline/test_,sanity stability))
NOT_ON_JAX := $(addprefix --ignore=tests/unit/models/,networks weights \
  test_fine_tune.py test_imports.py test_training.py first_layer/test_kernels.py)

.PHONY: results report check crate test lint format docs bench lock clean-results

# The first report is written by the run itself; anew where a result is newer, since that takes as
# long as finding nothing to do.
results: .venv/installed
	@folder="$(RESULTS)"; page="$$folder/report.html"; \
	[ -e "$$page" ] || first="$(REPORT) --report-after-run"; \
	echo "snakemake --cores $(CORES)$(if $(override), --config override='$$override')"; \
	$(BIN)/snakemake --cores $(CORES) $(OVERRIDE) $$first && \
	if [ -n "$$(find "$$folder" -type f -newer "$$page" -print -quit)" ]; \
	then $(MAKE) --no-print-directory report; fi

# Snakemake's own report of a finished run, one file; needs no network.
report: .venv/installed
	$(BIN)/snakemake $(OVERRIDE) $(REPORT)

# Every result against its record: what was damaged or changed since it was made.
check: .venv/installed
	$(BIN)/smug check $(RESULTS)

# The results, their records and the workflow as one archive, an RO-Crate, beside the folder.
crate: .venv/installed
	$(BIN)/smug crate $(RESULTS) --overwrite

# Every test on TensorFlow; then those that run networks once more, on JAX.
test: .venv/installed
	$(BIN)/python -m pytest
	KERAS_BACKEND=jax $(BIN)/python -m pytest $(ON_JAX) $(NOT_ON_JAX)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/snakemake --lint

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# The pages of docs/ into docs/build/; a warning, such as a link to nowhere, ends it.
docs: .venv/installed
	rm -rf docs/api docs/build
	$(BIN)/sphinx-build -q -b html -W --keep-going docs docs/build
	@echo "docs/build/index.html"

bench: .venv/installed
	for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# The version check comes first: an old Python fails later with a message about wheels.
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"smug needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}; set PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Renew the lock after a change of pyproject.toml (needs uv).
lock:
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 \
	  --extra tensorflow --extra dev --extra docs --extra cpsat --extra crate --extra slurm --no-annotate \
	  --custom-compile-command "make lock" -o requirements.lock

clean-results:
	rm -rf results/* .snakemake
