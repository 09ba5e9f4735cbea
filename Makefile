PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
FUZZ_SECONDS ?= 60
# Not `?=`: some shells export HOST as the machine's own name.
HOST = 127.0.0.1

BIN := $(VENV)/bin
SPARK_VENV = .venv-spark
NEWEST_VENV = .venv-newest
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SMOKE := ../shared/bin/container-smoke.sh

SMOKE_BUILD = --context . --requirements requirements/tracing.txt --requirements requirements/build.txt \
	--requirements requirements/sbom.txt --path /readyz --port 8000
SMOKE_WITH_ALL = --build-arg REQUIREMENTS=tracing --run-arg --volume --run-arg $(CURDIR)/build/keys:/keys:ro \
	--env RETRORUN_API_KEY_FILE=/keys/keys --env RETRORUN_METRICS_PORT=9464 --env RETRORUN_TRACING=on \
	--env RETRORUN_CORS_ORIGINS=https://app.example --env RETRORUN_TRUSTED_PROXIES=10.0.0.0/8
SMOKE_BULK = --target bulk --requirements requirements/bulk.txt --cmd sh --cmd -c \
	--cmd 'python -c "import retrorun.app.api.table" && exec retrorun serve --host 0.0.0.0'

# Each lock is valid for every supported Python, with one version of each package for all of them.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-annotate --custom-compile-command 'make lock' $(UPGRADE)

# In a folder with a package.json; says nothing but what is wrong.
NPM_CI = { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund; }

# Schemathesis gives all its tests one name, and pytest-xdist would run one of them. Those of the server mostly wait, and need a
# processor that is free: under load one of them waited for the end of a process in vain. So these run in two lanes, as long as each
# other, after all others.
SERVER_TESTS = tests/app/server
ONE_LANE = tests/app/contract/test_contract.py $(SERVER_TESTS)/test_limits.py
LEFT_OUT ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install serve test lint contract-lint format pytest bench page-speed bench-check bench-baseline soak overload stops loop uploads fuzz mutate examples openapi release-contract release-check set-version \
	licences clients lock rolling haproxy chromium typescript fastify \
	scale-dask scale-spark test-spark test-kills test-newest sbom image-check clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Create .venv and install the service, hash-checked (PYTHON=, VENV=)

serve: install ## Run the service (HOST=, PORT=, WORKERS=)
	$(BIN)/retrorun serve --host $(HOST) --port $(PORT) $(if $(WORKERS),--workers $(WORKERS))

test: lint contract-lint pytest ## Run everything that must pass: lint, types, tests

lint: $(VENV)/.test-installed ## Check style, formatting, types, the layers of imports, the Dockerfile and the workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Dockerfile
	$(BIN)/zizmor --offline --quiet --no-progress .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff

contract-lint: ## Check the contract by every recommended rule of Redocly's linter
	@command -v npm >/dev/null || { echo 'npm is not installed: the contract will not be linted'; exit 0; }; \
		cd tests/contract && $(NPM_CI) \
		&& REDOCLY_SUPPRESS_UPDATE_NOTICE=true node_modules/.bin/redocly lint --config redocly.yaml ../../openapi/openapi.json

format: $(VENV)/.test-installed ## Fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

pytest: $(VENV)/.test-installed haproxy chromium typescript fastify ## Run the tests alone (ARGS=, LEFT_OUT=tests/app/pages)
	$(if $(ARGS),$(BIN)/pytest $(ARGS),$(BIN)/pytest --numprocesses 2 --dist loadfile $(patsubst %,--ignore=%,$(ONE_LANE) $(SERVER_TESTS) $(LEFT_OUT)) && \
		{ $(BIN)/pytest $(ONE_LANE) & $(BIN)/pytest $(SERVER_TESTS) $(ONE_LANE:%=--ignore=%); other=$$?; wait $$! && exit $$other; })

test-kills: $(VENV)/.test-installed ## Kill a run of `retrorun bulk` twenty times at random moments, and resume it
	RETRORUN_TEST_KILLS=20 $(BIN)/pytest -k kills tests/app/bulk/test_bulk.py

# The upper bound of uvicorn is left behind: which of the tests its next version fails is what this shows.
test-newest: ## Run the tests with the newest FastAPI, uvicorn and NumPy, and all that they need
	$(MAKE) VENV=$(NEWEST_VENV) $(NEWEST_VENV)/.test-installed
	$(NEWEST_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade --upgrade-strategy eager \
		fastapi uvicorn numpy
	$(NEWEST_VENV)/bin/python -m pip freeze | grep --extended-regexp '^(fastapi|numpy|pydantic|starlette|uvicorn)='
	$(MAKE) VENV=$(NEWEST_VENV) pytest

test-spark: $(SPARK_VENV)/.installed ## Compare Spark's own engine with the service; needs Java 17 or newer
	PYTHONPATH=. $(SPARK_VENV)/bin/python tests/spark/agreement.py

scale-dask: $(VENV)/.test-installed ## Estimate ten million bouts in Dask, with a worker killed in the middle (ARGS='--rows 1000000')
	$(BIN)/python -m robustness.scale dask $(ARGS)

scale-spark: $(SPARK_VENV)/.installed ## Estimate ten million bouts in Spark; needs Java 17 or newer (ARGS='--rows 1000000')
	PYTHONPATH=. $(SPARK_VENV)/bin/python -m robustness.scale spark $(ARGS)

rolling: install haproxy ## Restart two replicas behind HAProxy five times each under load, then kill one (ARGS=)
	$(BIN)/python tests/app/server/rolling.py $(ARGS)

haproxy: # Debian's package, for the tests of restarts; elsewhere they are skipped, and say so
	@command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			&& apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends haproxy >/dev/null; } \
		|| echo 'haproxy is not installed and could not be: rolling restarts will not be tested'

chromium: # Debian's packages, for the tests of the page; elsewhere they are skipped, and say so
	@command -v chromedriver >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			&& apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends \
				chromium chromium-driver fonts-dejavu-core >/dev/null; } \
		|| echo 'chromium is not installed and could not be: the page will not be tested in a browser'

typescript: # npm's packages, for the TypeScript client; elsewhere it is neither made nor tested, and says so
	@command -v npm >/dev/null || { echo 'npm is not installed: there will be no TypeScript client'; exit 0; }; \
		cd tests/clients/typescript && $(NPM_CI)

fastify: # npm's packages, for a variant of the benchmarks; elsewhere it is neither measured nor tested, and says so
	@command -v npm >/dev/null || { echo 'npm is not installed: Fastify will be left out'; exit 0; }; \
		cd benchmarks/variants/fastify && $(NPM_CI)

soak: install ## Ten minutes at saturation with 5 % hostile traffic (ARGS='--minutes 1')
	$(BIN)/python -m robustness.soak $(ARGS)

overload: install ## Four times the connections that saturate the service (ARGS='--seconds 60')
	$(BIN)/python -m robustness.overload $(ARGS)

stops: install ## Stop the service ten times while each request comes on a new connection: none may be lost (ARGS='--workers 2')
	$(BIN)/python -m robustness.stops $(ARGS)

loop: $(VENV)/.test-installed ## Time every callback of the event loop under 5000 random requests (ARGS='--requests 1000 --seed 1')
	$(BIN)/python -m robustness.loop $(ARGS)

uploads: $(VENV)/.test-installed ## Send four of the largest recordings at once and measure the memory (ARGS='--at-once 8')
	$(BIN)/python -m robustness.uploads $(ARGS)

fuzz: $(VENV)/.fuzz-installed $(VENV)/.test-installed ## Fuzz what reads a request (FUZZ_SECONDS=60 for each target)
	for target in bodies bouts headers arrow; do \
		$(BIN)/python -m robustness.fuzz $$target --seconds $(FUZZ_SECONDS) || exit 1; \
	done

mutate: $(VENV)/.test-installed ## Change thirty constants of the models, one at a time: each must fail a test (SEED=, ARGS=)
	$(BIN)/python -m robustness.mutate $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: $(VENV)/.test-installed fastify ## Measure what an answer costs beside other ways to serve it, under 5 minutes
	@command -v wrk > /dev/null || { apt-get update -qq && apt-get install -y -qq wrk; } > /dev/null 2>&1 || true
	$(BIN)/python -m benchmarks

page-speed: $(VENV)/.test-installed chromium ## Time the page in Chromium with the processor slowed four times (ARGS=)
	$(BIN)/python -m benchmarks.page $(ARGS)

bench-check: $(VENV)/.test-installed ## Fail when an answer costs more than the committed baseline allows
	$(BIN)/python -m benchmarks check

bench-baseline: $(VENV)/.test-installed ## Accept what an answer costs now as the baseline
	$(BIN)/python -m benchmarks baseline

examples: install ## Answer the requests in openapi/examples anew
	$(BIN)/python tests/app/contract/golden.py

openapi: examples ## Regenerate the contract, openapi/openapi.json, and its examples
	@mkdir -p openapi
	$(BIN)/retrorun openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

release-contract: ## Make the contract of now the released one, which later ones are compared with
	cp openapi/openapi.json openapi/released.json

set-version: $(VENV)/.test-installed ## Write VERSION= into every file that names the version, and head the changelog
	$(BIN)/python -m release set-version $(VERSION)

release-check: $(VENV)/.test-installed typescript ## Build every file of a release twice, compare, install and try each (VERSION=)
	$(BIN)/python -m release check $(VERSION)

licences: $(VENV)/.test-installed ## List the licence of every locked package, in requirements/licences.csv
	$(BIN)/python -m release licences

clients: $(VENV)/.test-installed typescript ## Make clients in Python, TypeScript, Kotlin and Swift, in build/clients
	$(BIN)/python -m tests.clients.generate

lock: $(VENV)/.test-installed ## Regenerate the locked requirements (UPGRADE=--upgrade for newer versions)
	$(LOCK) pyproject.toml --extra track --output-file requirements/runtime.txt
	$(LOCK) pyproject.toml --extra track --extra bulk --constraint requirements/runtime.txt --output-file requirements/bulk.txt
	$(LOCK) pyproject.toml --extra track --extra tracing --constraint requirements/runtime.txt --output-file requirements/tracing.txt
	$(LOCK) pyproject.toml --extra track --extra mcp --constraint requirements/runtime.txt --output-file requirements/mcp.txt
	$(LOCK) requirements/build.in --constraint requirements/runtime.txt --output-file requirements/build.txt
	$(LOCK) requirements/test.in --constraint requirements/tracing.txt --constraint requirements/mcp.txt \
		--constraint requirements/build.txt --output-file requirements/test.txt
	$(LOCK) requirements/clients.in --constraint requirements/runtime.txt --constraint requirements/build.txt \
		--constraint requirements/test.txt --output-file requirements/clients.txt
	$(LOCK) requirements/fuzz.in --output-file requirements/fuzz.txt
	$(LOCK) requirements/spark.in --constraint requirements/runtime.txt --output-file requirements/spark.txt
	$(LOCK) requirements/sbom.in --constraint requirements/runtime.txt --constraint requirements/build.txt \
		--output-file requirements/sbom.txt
	$(LOCK) requirements/release.in --constraint requirements/test.txt --output-file requirements/release.txt
	$(LOCK) requirements/bench.in --constraint requirements/runtime.txt --constraint requirements/build.txt \
		--constraint requirements/test.txt --output-file requirements/bench.txt

sbom: $(BIN)/python ## Write the bill of materials, dist/sbom.cdx.json, as the container image has it
	rm -rf build/sbom && mkdir -p build/sbom dist
	$(BIN)/python -m venv --without-pip build/sbom/service && $(BIN)/python -m venv --without-pip build/sbom/tool
	$(PIP) --python build/sbom/service/bin/python install --require-hashes -r requirements/runtime.txt
	$(PIP) --python build/sbom/tool/bin/python install --require-hashes -r requirements/sbom.txt
	$(PIP) wheel --no-deps --wheel-dir build/sbom .
	$(PIP) --python build/sbom/service/bin/python install --no-index --no-deps build/sbom/*.whl
	deploy/sbom.sh build/sbom/tool/bin/cyclonedx-py build/sbom/service/bin/python dist/sbom.cdx.json

image-check: ## Build the container images and try them, where the machine can; with docker build them alone
	@if [ -x $(SMOKE) ]; then \
		$(SMOKE) $(SMOKE_BUILD) && $(SMOKE) $(SMOKE_BUILD) $(SMOKE_BULK) && mkdir -p build/keys \
			&& echo check:$$(printf check | sha256sum | cut -c-64) > build/keys/keys && chmod -R a+rX build \
			&& $(SMOKE) $(SMOKE_BUILD) $(SMOKE_WITH_ALL); \
	elif command -v docker >/dev/null; then \
		docker build --quiet . && docker build --quiet --target bulk . && docker build --quiet --build-arg REQUIREMENTS=tracing .; \
	else echo "image-check skipped: neither $(SMOKE) nor docker is here"; fi

clean: ## Remove the virtual environment, builds and caches
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache openapi/openapi.json.new
	find app models release robustness tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "RetroRun needs Python 3.11 or newer, and $(PYTHON) is %d.%d: name another one with PYTHON=" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements/runtime.txt requirements/build.txt | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The benchmarks' packages too: their variants are held to the service's answers, and to their types, by the tests. And
# those that make clients, which the tests try.
$(VENV)/.test-installed: requirements/test.txt requirements/bench.txt requirements/clients.txt $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements/test.txt -r requirements/bench.txt -r requirements/clients.txt
	@touch $@

$(SPARK_VENV)/.installed: requirements/spark.txt requirements/runtime.txt
	@command -v java >/dev/null || { echo 'Spark needs Java 17 or newer, and java is not installed'; exit 1; }
	$(PYTHON) -m venv $(SPARK_VENV)
	$(SPARK_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
		-r requirements/runtime.txt -r requirements/spark.txt
	@touch $@

$(VENV)/.fuzz-installed: requirements/fuzz.txt $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements/fuzz.txt
	@touch $@
