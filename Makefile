PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
# Not `?=`: some shells export HOST as the machine's own name.
HOST = 127.0.0.1

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SMOKE := ../shared/bin/container-smoke.sh

# Each lock is valid for every supported Python, with one version of each package for all of them.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-annotate --custom-compile-command 'make lock' $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install serve test lint format pytest bench bench-check bench-baseline openapi lock image-check clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Create .venv and install the service, hash-checked (PYTHON=, VENV=)

serve: install ## Run the service (HOST=, PORT=)
	$(BIN)/retrorun serve --host $(HOST) --port $(PORT)

test: lint pytest ## Run everything that must pass: lint, types, tests

lint: $(VENV)/.test-installed ## Check style, formatting and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.test-installed ## Mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pytest: $(VENV)/.test-installed ## Run the tests alone (ARGS=)
	$(BIN)/pytest $(ARGS)

bench: $(VENV)/.test-installed ## Measure what an answer costs beside other ways to serve it, under 5 minutes
	@command -v wrk > /dev/null || { apt-get update -qq && apt-get install -y -qq wrk; } > /dev/null 2>&1 || true
	$(BIN)/python -m benchmarks

bench-check: $(VENV)/.test-installed ## Fail when an answer costs more than the committed baseline allows
	$(BIN)/python -m benchmarks check

bench-baseline: $(VENV)/.test-installed ## Accept what an answer costs now as the baseline
	$(BIN)/python -m benchmarks baseline

openapi: install ## Regenerate the contract, openapi/openapi.json
	@mkdir -p openapi
	$(BIN)/retrorun openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

lock: $(VENV)/.test-installed ## Regenerate the locked requirements (UPGRADE=--upgrade for newer versions)
	$(LOCK) pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) requirements/build.in --constraint requirements/runtime.txt --output-file requirements/build.txt
	$(LOCK) requirements/test.in --constraint requirements/runtime.txt --constraint requirements/build.txt \
		--output-file requirements/test.txt
	$(LOCK) requirements/bench.in --constraint requirements/runtime.txt --constraint requirements/build.txt \
		--constraint requirements/test.txt --output-file requirements/bench.txt

image-check: ## Build the container image and try it, where the machine can
	@if [ -x $(SMOKE) ]; then \
		$(SMOKE) --context . --requirements requirements/runtime.txt --requirements requirements/build.txt \
			--path /readyz --port 8000; \
	else echo "image-check skipped: $(SMOKE) is not here"; fi

clean: ## Remove the virtual environment, builds and caches
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache openapi/openapi.json.new
	find app models tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "RetroRun needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another one with PYTHON=" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements/runtime.txt requirements/build.txt | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The benchmarks' packages too: their variants are held to the service's answers, and to their types, by the tests.
$(VENV)/.test-installed: requirements/test.txt requirements/bench.txt $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements/test.txt -r requirements/bench.txt
	@touch $@
