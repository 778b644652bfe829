# Every target sets itself up: all it needs is make and Python >= 3.11 (name one with PYTHON=...).
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint bench wheel clean

BIN := .venv/bin
DEMO ?= demo
PROGRAMME ?= hangzhou-2020
JOBS ?= 2

# The caller's Python settings must not leak into ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

.venv/.made: pyproject.toml constraints.txt scripts/make-venv
	@PYTHON='$(PYTHON)' sh scripts/make-venv

demo: .venv/.made  ## Hangzhou 2020 at 1:100, from an empty folder to the leverage report (kept in demo/)
	@if [ -e '$(DEMO)' ]; then rm -rf '$(DEMO).old' && mv '$(DEMO)' '$(DEMO).old' && echo 'the earlier $(DEMO) is now $(DEMO).old' >&2; fi
	@$(BIN)/voucher demo '$(DEMO)' --programme '$(PROGRAMME)'

test: .venv/.made  ## the tests, under two minutes on two cores
	$(BIN)/python -m pytest -n $(JOBS)

test-slow: .venv/.made  ## the slower suites: the wheel, and commands killed in the middle (CRASH_KILLS=N times)
	$(BIN)/python -m pytest -m slow

lint: .venv/.made  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/.made  ## measured, never tested: see bench/README.md
	$(BIN)/python bench/startup.py

wheel: .venv/.made  ## dist/vouchercli-*.whl
	$(BIN)/python -m build --no-isolation --wheel

clean:  ## remove what make made (not demo/)
	rm -rf .venv .venv.log .venv.cache dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find vouchercli tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
