# Every target sets itself up: all it needs is make and Python >= 3.11 (name one with PYTHON=...).
.DEFAULT_GOAL := help
.PHONY: help demo test test-whole explore test-slow simulate coverage lint bench wheel lock clean

VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo
PROGRAMME ?= hangzhou-2020
JOBS ?= 2
ROWS ?= 1000000
TURNS ?= 3
DAYS ?= 200
SEED ?= 1

# The caller's Python settings must not leak into ours.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

$(VENV)/.made: pyproject.toml constraints.txt scripts/make-venv
	@PYTHON='$(PYTHON)' VENV='$(VENV)' HASHES='$(HASHES)' sh scripts/make-venv

demo: $(VENV)/.made  ## Hangzhou 2020 at 1:100, from an empty folder to the leverage report (kept in demo/)
	@if [ -e '$(DEMO)' ]; then rm -rf '$(DEMO).old' && mv '$(DEMO)' '$(DEMO).old' && echo 'the earlier $(DEMO) is now $(DEMO).old' >&2; fi
	@$(BIN)/voucher demo '$(DEMO)' --programme '$(PROGRAMME)'

test: $(VENV)/.made  ## the tests, under two minutes on two cores
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

test-whole: $(VENV)/.made  ## the same tests and those that take longer
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow'

explore: $(VENV)/.made  ## the tests that draw examples, with other and more examples each time
	EXAMPLES=explore $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'hypothesis and not slow'

# Judges of what is exported (tests/judges.txt, tests/axe.txt, tests/banks.txt, tests/effects.txt) in an environment of their own; where they cannot be had, their tests are skipped.
$(VENV)-judges/.made: tests/judges.txt tests/axe.txt tests/banks.txt tests/effects.txt $(VENV)/.made
	@rm -rf '$(VENV)-judges' && $(BIN)/python -m venv '$(VENV)-judges' 2>/dev/null \
		&& '$(VENV)-judges/bin/python' -m pip install --quiet --no-deps --require-hashes -r tests/judges.txt -r tests/axe.txt -r tests/banks.txt -r tests/effects.txt 2>/dev/null \
		|| { uv venv --quiet --clear --python $(BIN)/python '$(VENV)-judges' && uv pip install --quiet --no-deps --python '$(VENV)-judges/bin/python' -r tests/judges.txt -r tests/axe.txt -r tests/banks.txt -r tests/effects.txt; } 2>/dev/null \
		|| echo 'without Datasette, frictionless, axe-core, the schemas of banks, mock-bank, causaldata and diff-diff' >&2
	@mkdir -p '$(VENV)-judges' && touch $@

# PySpark for a real cluster (tests/spark.txt), which needs the system's Java; where one cannot be had, its tests are skipped.
$(VENV)-spark/.made: tests/spark.txt $(VENV)/.made
	@rm -rf '$(VENV)-spark' && $(BIN)/python -m venv '$(VENV)-spark' 2>/dev/null \
		&& '$(VENV)-spark/bin/python' -m pip install --quiet --no-deps --require-hashes -r tests/spark.txt 2>/dev/null \
		|| { uv venv --quiet --clear --python $(BIN)/python '$(VENV)-spark' && uv pip install --quiet --no-deps --python '$(VENV)-spark/bin/python' -r tests/spark.txt; } 2>/dev/null \
		|| echo 'without PySpark' >&2
	@mkdir -p '$(VENV)-spark' && touch $@

test-slow: $(VENV)/.made $(VENV)-judges/.made $(VENV)-spark/.made  ## the slower suites: the wheel, and commands killed in the middle (CRASH_KILLS=N times)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m slow

simulate: $(VENV)/.made  ## days of a small city with kills, full disks, races and late files, held against a model (DAYS=200 SEED=1)
	@$(BIN)/python tests/simulation/simulate.py $(DAYS) $(SEED)

coverage: $(VENV)/.made  ## the whole tests with branch coverage, which may not fall below its floor
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow' --cov --cov-report=term:skip-covered

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
		|| $(BIN)/python -m pip install --quiet --no-deps -r bench/constraints.txt 2>/dev/null \
		|| uv pip install --quiet --no-deps --python $(BIN)/python -r bench/constraints.txt 2>/dev/null || echo 'without DuckDB' >&2
	$(BIN)/python bench/run.py --rows $(ROWS) --turns $(TURNS)

wheel: $(VENV)/.made  ## dist/vouchercli-*.whl
	$(BIN)/python -m build --no-isolation --wheel

# Versions that are in force stay, unless UPGRADE=--upgrade asks for the newest. For every platform and Python >= 3.11 at once.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make lock' $(UPGRADE)
lock:  ## constraints.txt, every package with its version and hashes, from pyproject.toml (needs uv; UPGRADE=--upgrade: the newest)
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	$(LOCK) --extra dev pyproject.toml --output-file constraints.txt
	echo 'duckdb>=1.1' | $(LOCK) - --output-file bench/constraints.txt
	printf 'datasette>=0.65,<1\nfrictionless[parquet,pandas]>=5.18\n' | $(LOCK) - --output-file tests/judges.txt
	echo 'axe-playwright-python>=0.1.8' | $(LOCK) --no-deps - --output-file tests/axe.txt  # its script alone is used
	printf 'mock-bank>=0.9\npain001>=0.0.74\nsepaxml>=2.7\n' | $(LOCK) --no-deps - --output-file tests/banks.txt  # the bank, and schemas
	printf 'causaldata>=0.1.5\ndiff-diff>=3.13\nscipy>=1.15\n' | $(LOCK) --no-deps - --output-file tests/effects.txt  # published data, and who makes the same of them
	echo 'pyspark>=4,<5' | $(LOCK) - --output-file tests/spark.txt

clean:  ## remove what make made (not demo/)
	rm -rf .venv .venv-* .venv.log .venv.cache .venv.txt .coverage .coverage.* dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find vouchercli tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
