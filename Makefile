# Each target sets up what it needs. PYTHON chooses the interpreter, each with an environment of its own.

PYTHON ?= python3
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIND ?= localhost:8000
WORKERS ?= 1
export WORKERS
# How many processes run the tests; a number or `auto`, which is one for each core.
PROCESSES ?= auto

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test lint lint-style lint-format lint-types format pictures attack bench asvs dist lock clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/  make \1 \t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

run: $(VENV)/run.stamp ## serve on http://localhost:8000; BIND=host:port elsewhere
	@echo "Serving on http://$(BIND) (Ctrl+C ends it)"
	@exec $(BIN)/hypercorn --config hypercorn.toml --bind '$(BIND)' --workers '$(WORKERS)' 'quart_auth_app:create_app()'

test: $(VENV)/dev.stamp ## the whole test suite; TESTS names a part of it
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal $(TESTS)

lint: lint-style lint-format lint-types ## style, types

lint-style: $(VENV)/dev.stamp
	$(BIN)/ruff check

lint-format: $(VENV)/dev.stamp
	$(BIN)/ruff format --check

lint-types: $(VENV)/dev.stamp
	$(BIN)/mypy

format: $(VENV)/dev.stamp ## rewrite the code in the house's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pictures: $(VENV)/dev.stamp ## take the README's picture from the running application
	$(BIN)/python -m docs.take_pictures

attack: $(VENV)/dev.stamp .venv-attack/stamp ## attack the application with other people's tools, ten minutes
	PATH="$(CURDIR)/.venv-attack/bin:$$PATH" $(BIN)/python -m attacks $(if $(ONLY),--only '$(ONLY)',--write docs/security.md)

bench: $(VENV)/run.stamp .venv-peers/stamp ## measure beside its peers, half an hour on a quiet machine; BENCH='--quick'
	BENCH_PEERS_PYTHON='$(CURDIR)/.venv-peers/bin/python' $(BIN)/python -m bench $(BENCH)

asvs: $(VENV)/dev.stamp ## write docs/asvs.md: which test proves which requirement
	$(BIN)/python -m docs.write_asvs

dist: $(VENV)/dev.stamp ## build what is published into dist/, and check it
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python .ci/check_dist.py dist/*

lock: $(VENV)/lock.stamp ## pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--group build --output-file locks/requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--group build --group dev --constraint locks/requirements.lock --output-file locks/requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--group bench --output-file locks/requirements-bench.lock

clean: ## remove the environments and caches, keep the database
	rm -rf .venv* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@echo "Setting up $(VENV) (once, about half a minute)"
	@$(PYTHON) -m venv $(VENV)

# The lock has a hash for every file, and --no-build-isolation keeps the build of the checkout itself to what it pins.
$(VENV)/run.stamp: locks/requirements.lock pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes --requirement locks/requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: locks/requirements-dev.lock $(VENV)/run.stamp
	@$(PIP) install --require-hashes --requirement locks/requirements-dev.lock
	@touch $@

# In an environment of their own, as the peers don't allow all that the application is locked to.
.venv-peers/stamp: locks/requirements-bench.lock | $(BIN)/python
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

# In an environment of their own: what they need is not what the application is locked to.
.venv-attack/stamp: attacks/tools.txt
	@$(PYTHON) -m venv .venv-attack
	@.venv-attack/bin/python -m pip --disable-pip-version-check --quiet install --requirement attacks/tools.txt
	@{ command -v hydra && command -v slowhttptest; } >/dev/null || [ "$$(id -u)" != 0 ] || { apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends hydra slowhttptest >/dev/null; }
	@touch $@

$(VENV)/lock.stamp: | $(BIN)/python
	@$(PIP) install uv
	@touch $@
