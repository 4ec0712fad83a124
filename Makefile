# Everything a newcomer needs: `make demo`, `make test`, `make check`, `make bench`.
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3
PACKAGES := $(patsubst %/,%,$(dir $(wildcard */__init__.py)))
# A container may set it; here byte code is kept, else each process compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow test-unit test-one check format-check lint types imports dead-code arrows pictures format bench \
        fault readme screenshots lock clean

help:      ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.stamp  ## Make .venv (once; again only when the pins change)

$(VENV)/.stamp: pyproject.toml requirements.lock requirements-uv.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	$(BIN)/python -m compileall -q -j 0 $(PACKAGES)
	@touch $@

demo: install   ## Cars and meters arrive, faster than real time; Ctrl-C ends it
	$(BIN)/tachowatt demo

# One process more than there are processors: many tests wait for a server. The kernels are compiled
# before, else each of these processes compiles them.
WORKERS = $$($(BIN)/python -c "import os; print(os.cpu_count() + 1)")

test: install   ## Tests, on real servers, but for those of test-slow
	$(BIN)/tachowatt warm-up
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q -m "not slow"

test-slow: install   ## Tests that kill processes, run a whole fleet, a bench or every case type
	$(BIN)/tachowatt warm-up
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q -m slow

test-unit: install  ## Unit tests only: no server, no socket, under a minute
	$(BIN)/tachowatt warm-up
	$(BIN)/python -m pytest -n $$($(BIN)/python -c "import os; print(os.cpu_count())") --dist loadfile -q tests/unit

test-one: install  ## What T= names, in this process: make test-one T=tests/unit/gateway/test_frames.py
	$(BIN)/python -m pytest -q $(T)

check: format-check lint types imports dead-code  ## The next five, and generated schemas
	$(BIN)/tachowatt schemas --check

format-check: install  ## Is everything formatted?
	$(BIN)/ruff format --check .

lint: install   ## Rules of pyproject.toml
	$(BIN)/ruff check .

types: install  ## mypy, strict
	$(BIN)/mypy

imports: install  ## Import contracts between packages
	$(BIN)/lint-imports

dead-code: install  ## What neither the product nor the tests use
	$(BIN)/python -m tests.dead_code

pictures: install ## The pictures of driving features in docs/kernels.md
	$(BIN)/tachowatt kernels --pictures docs/images/kernels

arrows: install ## How the rooms of each package depend on each other
	$(BIN)/python -m tests.arrows

format: install ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install  ## All measurements of docs/performance.md: minutes, on a quiet machine
	$(BIN)/python -m proving.bench

fault: install  ## A hundred faults under load, proven to leave no trace: half an hour
	$(BIN)/tachowatt fault --rounds 100 --seed 1 --json

readme: install  ## The README's marked commands, word for word, in an empty clone
	$(BIN)/python -m tests.readme README.md

screenshots: install ## Pictures of the pages, by headless Chromium
	$(BIN)/python -m tests.browser.screenshots

COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: install   ## Renew the pins from the ranges in pyproject.toml, with their hashes, and uv's
	$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	echo uv | $(COMPILE) - -o requirements-uv.lock

clean:     ## Remove .venv and the state of the embedded servers
	rm -rf $(VENV) .tachowatt
