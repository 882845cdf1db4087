# Every command builds what it needs first; a second run finds it done.
.PHONY: setup browser postgres demo test record study bench lint types arch clean
SHELL := /bin/bash
BIN := .venv/bin
STAMP := .venv/.handful-ready
# Two workers on two cores: one thread each is faster than both fighting for all.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

setup: $(STAMP)

$(STAMP): requirements/lock.txt pyproject.toml $(wildcard setup.py src/handful/*/*.[ch]) scripts/setup.sh
	scripts/setup.sh
	@touch $@

browser:
	@scripts/apt.sh chromium chromium || true

postgres:
	@scripts/apt.sh pg_ctlcluster postgresql || true

demo: setup
	$(BIN)/handful demo hillstrom

test: setup browser postgres
	@command -v pg_ctlcluster >/dev/null || echo "no PostgreSQL server: its tests are left out" >&2
	@command -v chromium >/dev/null || echo "no chromium: the tests in a browser are left out" >&2
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 \
	    -m "$$(command -v chromium >/dev/null && echo 'browser or not browser' || echo 'not browser')"

record: setup
	$(BIN)/python scripts/record.py
	$(BIN)/python tests/golden/small_plan.py

study: setup
	@set -e; for study in studies/[a-z]*.py; do echo "== $$study"; $(BIN)/python "$$study"; done

# Other libraries run in environments of their own.
bench: setup benchmarks/peers/.venv/.ready benchmarks/menu/.venv/.ready
	$(BIN)/python benchmarks/peers/run.py --data examples/data
	$(BIN)/python benchmarks/menu/run.py --peers benchmarks/menu/.venv/bin/python

benchmarks/%/.venv/.ready: benchmarks/%/requirements.txt
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

arch: setup
	$(BIN)/lint-imports --no-logo

clean:
	rm -rf build dist out demo-* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
