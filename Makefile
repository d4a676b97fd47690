# Everything a person or a machine does with this project. Needs Python 3.11 or newer, make, and nothing else.
# Options for a command go in ARGS:   make demo ARGS="--once --json"   make test ARGS="tests/unit -k rsi"

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help install demo test check lint types imports coverage test-servers test-faults bench format generate clean

BIN := .venv/bin
ARGS ?=
# Options for pytest beside ARGS; continuous integration forbids unexpected skips here.
PYTEST_OPTIONS ?=
SELECT := -m "not servers and not campaign"
# All tests run in two processes, each with a stack of its own, because most of them wait for servers. Those that somebody chooses
# run in one, which begins sooner.
PROCESSES := $(if $(strip $(ARGS)),,--numprocesses 2)

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

install: ## create .venv from the lock file; the other targets do this first
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" scripts/bootstrap.py; \
		fi; \
	done; \
	echo "expected Python 3.11 or newer on the PATH, found: $$(python3 --version 2>&1 || true)" >&2; \
	echo "install it, or name it: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python3.11" >&2; \
	exit 1

demo: install ## start the embedded stack, train, replay the recordings, then go on as a moving market
	@exec $(BIN)/autotrader demo $(ARGS)

test: install ## run all tests that need nothing but this: units, contracts, the embedded stack, short faults
	$(BIN)/pytest $(SELECT) $(PROCESSES) $(PYTEST_OPTIONS) $(ARGS)

check: install lint types imports coverage ## lint, types, import contracts, then all tests of `test` with coverage

lint: install ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## mypy, strict
	$(BIN)/mypy

imports: install ## which package may import which
	$(BIN)/lint-imports

coverage: install
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SELECT) $(PROCESSES) $(PYTEST_OPTIONS) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

test-servers: install ## contract suites on Apicurio Registry and on a ClickHouse server (where one is installed)
	$(BIN)/pytest tests/servers $(PYTEST_OPTIONS) $(ARGS)

test-faults: install ## the long fault campaign: kills real processes, takes a while
	$(BIN)/pytest -m "faults or campaign" tests/faults $(PYTEST_OPTIONS) $(ARGS)

bench: install ## a benchmark: make bench ARGS="transport --json"
	@exec $(BIN)/autotrader bench $(ARGS)

format: install ## write the code the way `lint` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: install ## write new schema versions, their golden samples, and the generated pages in docs/
	$(BIN)/autotrader schemas check --write

clean: ## remove .venv and caches; data of the embedded stack stay (autotrader stack reset removes them)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
