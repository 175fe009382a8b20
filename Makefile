# Every target makes the environment it needs from nothing: Python >= 3.11, make and git are enough.
# A second run finds its environment and starts at once, until pyproject.toml or constraints.txt change.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

DEV := .venv
DEMO := .venv-demo
BIN := $(DEV)/bin
PINS := pyproject.toml constraints.txt
DEMO_NEEDS := .[sandbox,cli]
CITY ?= serang
# Many tests wait, for a process or a deadline: two workers a core keep the cores busy.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))

# The first interpreter that is new enough and can make environments. `make PYTHON=/path/to/python3.12 ...` overrides.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)

# $(call environment,FOLDER,WHAT): the folder is made anew, so an interrupted or older one cannot linger.
define environment
	@test -n "$(PYTHON)" || { echo "egov-serang needs Python 3.11 or newer with the venv module;" \
		"install it or name one: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@echo "Making $(1) ..."
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '$(2)'
	@touch $@
endef

.PHONY: help demo test lint docs openapi api bench soak matrix clean

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: $(DEMO)/.ready ## Start a small city on this machine and tell one story to its end (CITY=cilegon: another)
	@$(DEMO)/bin/egov demo --city $(CITY)

test: $(DEV)/.ready ## Run all tests, as many at once as there are cores (ARGS="-k word" narrows them)
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(DEV)/.ready ## Check style, types and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: $(DEV)/.ready ## Build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

openapi: $(DEV)/.ready ## Export the sandbox's OpenAPI document to docs/contract/openapi.json, and its pages
	@$(BIN)/python -m egov_serang.sandbox.export docs/contract/openapi.json
	@$(BIN)/python -m egov_serang.sandbox.reference docs/contract/openapi.json docs/contract-reference

api: $(DEV)/.ready ## Write down the public API anew, after a change of it that is meant
	@$(BIN)/python -m tests.contract.public_api

bench: $(DEV)/.ready ## Measure beside bare libraries and a hand-written script; rewrite the tables and the picture (ARGS="--help")
	@$(BIN)/python -m benchmarks.run $(ARGS)

soak: $(DEV)/.ready ## The long proofs in full: keyed writes under fault, storms of cancelled calls, fuzzing (tests/scale.py)
	@EGOV_SERANG_SOAK=1 $(BIN)/python -m pytest -s tests/soak tests/faults/test_soak.py tests/services/test_storm.py \
		tests/services/test_routes.py tests/services/test_rotation.py tests/services/test_events_killed.py tests/services/test_outbox_killed.py \
		tests/services/test_complaints_machine.py tests/services/test_large_files.py \
		tests/peers/test_schemathesis.py tests/fuzz/test_parsers.py $(ARGS)

matrix: $(DEV)/.ready ## Play the fault matrix and write its table into docs/faults.md
	@$(BIN)/python -m tests.faults.matrix.table

clean: ## Remove environments, caches and what was built
	rm -rf $(DEV) $(DEMO) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(DEV)/.ready: $(PINS)
	$(call environment,$(DEV),.[dev])

$(DEMO)/.ready: $(PINS)
	$(call environment,$(DEMO),$(DEMO_NEEDS))
