# Needs Python 3.11 or later and make, nothing else. The first target builds the environment; later ones find it done.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
WORKERS ?= 2
STATE := .techmarket
EXAMPLES ?= 200
SEED ?= 20260301
PART ?= 1/1
# How long the soak lasts.
MINUTES ?= 30

.PHONY: help run sandbox demo test coverage lint bench bench-check openapi examples migration fault drill sbom flood proxy fuzz soak matrix mutants lock clean .venv

help:  ## Say what there is
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# A link is left alone: whoever made it has an environment elsewhere.
$(STAMP): requirements-dev.lock pyproject.toml
	@if [ -L $(VENV) ]; then echo "$(VENV) is a link; its environment is used as it is."; exit 0; fi; \
	python=""; \
	for candidate in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14 python; do \
		if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then \
			python="$$candidate"; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 to 3.14 with the modules venv and ensurepip was found."; \
		echo "Install one (Debian and Ubuntu: python3 and python3-venv), or name it: make PYTHON=/path/to/python3.12"; \
		exit 1; \
	fi; \
	echo "Bringing the environment in $(VENV) up to the lock"; \
	{ $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || "$$python" -m venv --clear $(VENV); } && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	touch $(STAMP)

.venv: $(STAMP)  ## Build the environment and do nothing else
	@:

run: $(STAMP)  ## Start the market here, with sample data (DATA=folder for sets of your own), on 127.0.0.1:8000
	@$(BIN)/techmarket run $(if $(DATA),--data "$(DATA)")

demo: $(STAMP)  ## Play one achievement from report to payout and check what was paid
	@$(BIN)/techmarket demo

# worksteal: the tests differ in length by a thousand times, and a fixed split leaves one worker idle.
test: $(STAMP)  ## Run every test (WORKERS=n, ARGS="-k words")
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

coverage: $(STAMP)  ## What of the core the tests without a database run; fails below 95 % (ARGS=all: everything, 90 %)
	@$(BIN)/python -m tests.covered $(ARGS)

lint: $(STAMP)  ## Style, types and the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## Measure, with the reference beside it in the same run
	@$(BIN)/python -m bench $(ARGS)

bench-check: $(STAMP)  ## See that every measurement runs, in its short form
	@TECHMARKET_LONG=1 $(BIN)/python -m pytest tests/bench $(ARGS)

sandbox: $(STAMP)  ## Start a sandbox for integrators on 127.0.0.1:8001 (ARGS="--rate 1440", "--reset")
	@$(BIN)/techmarket sandbox $(ARGS)

openapi: $(STAMP)  ## Write api_specs/openapi.json anew
	@$(BIN)/techmarket openapi --write

examples: $(STAMP)  ## Record what the tests send and hear anew, as examples of the OpenAPI document
	@rm -rf $(STATE)/transcripts
	@TECHMARKET_TRANSCRIPTS=$(STATE)/transcripts $(BIN)/python -m pytest -q -p tests.transcripts -n $(WORKERS) tests/api tests/stories tests/trading \
		--deselect tests/api/test_every_route.py
	@$(BIN)/techmarket examples $(STATE)/transcripts
	@$(BIN)/techmarket openapi --write

migration: $(STAMP)  ## Draft a migration from the models: make migration NAME="add bid increment"
	@test -n "$(NAME)" || { echo 'Name it by its verb: make migration NAME="add bid increment"'; exit 1; }
	@$(BIN)/python scripts/draft_migration.py "$(NAME)"

fault: $(STAMP)  ## Kill the processes in the middle of their work and check that nothing was lost
	@TECHMARKET_LONG=1 $(BIN)/python -m pytest tests/fault tests/settlement/test_conservation.py tests/trading/test_seeded.py -s $(ARGS)

drill: $(STAMP)  ## Restore this checkout's market beside itself, ruin the copy, and bring it back twice
	@$(BIN)/techmarket drill

sbom: $(STAMP)  ## Say what ships, as CycloneDX; and what of it is known to be weak, where pip-audit is installed
	@$(BIN)/python scripts/sbom.py
	@$(BIN)/python scripts/audit.py >&2 || true

flood: $(STAMP)  ## Send five gigabytes to a data room and check that memory stays flat and nothing is left
	@$(BIN)/python -m bench.flood

proxy: $(STAMP)  ## Run the shipped proxy's file in front of the market, where there is an nginx
	@$(BIN)/python -m tests.fault.behind_the_proxy

fuzz: $(STAMP)  ## Throw generated requests at every operation (EXAMPLES=n for each kind of reader, SEED=n, PART=2/4)
	@TECHMARKET_LONG=1 TECHMARKET_FUZZ_EXAMPLES=$(EXAMPLES) TECHMARKET_FUZZ_SEED=$(SEED) TECHMARKET_FUZZ_PART=$(PART) \
		$(BIN)/python -m pytest tests/fuzz tests/api/test_every_route.py tests/api/test_idempotency_everywhere.py $(ARGS)

soak: $(STAMP)  ## Does anything grow? Half an hour at half of what it can (MINUTES=n)
	@$(BIN)/python -m bench.soak --minutes $(MINUTES) $(ARGS)

matrix: $(STAMP)  ## Try every operation in hands that may not, beside the tests of the rooms (ARGS=files)
	@$(BIN)/python -m tests.shadow $(ARGS)

mutants: $(STAMP)  ## Take each guard of eight rooms out of the code and see that a test notices (ARGS=listings)
	@$(BIN)/python -m tests.disclosure.matrix.mutants $(ARGS)
	@for room in identity trading settlement contracts certification revenue matching; do $(BIN)/python -m tests.$$room.mutants $(ARGS) || failed=1; done; \
	test -z "$$failed"

# Only to change a dependency; it needs an environment that is already there.
lock:  ## Resolve the dependencies of pyproject.toml anew
	@sh scripts/lock.sh $(ARGS)

clean:  ## Stop this checkout's server and remove its data, caches and environment
	@if [ -d $(STATE)/sandbox ]; then PYTHONPATH=src $(BIN)/python -m techmarket.db.embedded remove $(STATE)/sandbox; fi
	@if [ -d $(STATE) ]; then PYTHONPATH=src $(BIN)/python -m techmarket.db.embedded remove $(STATE); fi
	rm -rf $(STATE) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build dist
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@if [ -L $(VENV) ]; then rm $(VENV); else rm -rf $(VENV); fi
