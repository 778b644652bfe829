# Every target sets itself up: all it needs is make and Python >= 3.11 (name one with PYTHON=...).
.DEFAULT_GOAL := help
.PHONY: help demo test explore test-slow coverage lint bench wheel clean

VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo
PROGRAMME ?= hangzhou-2020
JOBS ?= 2
ROWS ?= 1000000
TURNS ?= 3

# The caller's Python settings must not leak into ours.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

$(VENV)/.made: pyproject.toml constraints.txt scripts/make-venv
	@PYTHON='$(PYTHON)' VENV='$(VENV)' sh scripts/make-venv

demo: $(VENV)/.made  ## Hangzhou 2020 at 1:100, from an empty folder to the leverage report (kept in demo/)
	@if [ -e '$(DEMO)' ]; then rm -rf '$(DEMO).old' && mv '$(DEMO)' '$(DEMO).old' && echo 'the earlier $(DEMO) is now $(DEMO).old' >&2; fi
	@$(BIN)/voucher demo '$(DEMO)' --programme '$(PROGRAMME)'

test: $(VENV)/.made  ## the tests, under two minutes on two cores
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

explore: $(VENV)/.made  ## the tests that draw examples, with other and more examples each time
	EXAMPLES=explore $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'hypothesis and not slow'

test-slow: $(VENV)/.made  ## the slower suites: the wheel, and commands killed in the middle (CRASH_KILLS=N times)
	$(BIN)/python -m pytest -m slow

# What processes of the tests run is not counted.
coverage: $(VENV)/.made  ## the same tests with branch coverage, which may not fall below its floor
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --cov --cov-report=term:skip-covered

lint: $(VENV)/.made  ## ruff, mypy --strict, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: docs
docs: $(VENV)/.made  ## docs/commands.md, the manual page and the pictures, written by the program itself
	$(BIN)/python scripts/make-reference
	$(BIN)/python scripts/make-pictures

# DuckDB is a peer, not a need: where it cannot be had, the table goes without it.
bench: $(VENV)/.made  ## imports, reports and starts beside their peers, into bench/RESULTS.md (ROWS=1000000, TURNS=3)
	@$(BIN)/python -c 'import duckdb' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet -c constraints.txt duckdb 2>/dev/null \
		|| uv pip install --quiet --python $(BIN)/python -c constraints.txt duckdb 2>/dev/null || echo 'without DuckDB' >&2
	$(BIN)/python bench/run.py --rows $(ROWS) --turns $(TURNS)

wheel: $(VENV)/.made  ## dist/vouchercli-*.whl
	$(BIN)/python -m build --no-isolation --wheel

clean:  ## remove what make made (not demo/)
	rm -rf .venv .venv-* .venv.log .venv.cache .coverage .coverage.* dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find vouchercli tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
