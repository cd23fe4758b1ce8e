# `make` alone prints this help. Everything sets itself up in .venv.
PYTHON ?= python3
HISTORIES ?= 300
ROLLBACKS ?= 100
DAYS ?= 1095
FILES ?= 10000
KILLS ?= 200
RUNS ?= 3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHECKS := $(VENV)/.checks
BENCH := .venv-bench/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test parity check format lint types layers workflows docs docs-current package sample bench job growth build clean histories years fuzz kills

help: ## Prints this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(CHECKS): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(BENCH): pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[embedded]" --group bench
	@touch $@

demo: $(READY) ## Runs the sample retailer, from landing files to the four answers
	$(BIN)/python main.py

test: $(READY) ## Runs the tests but the long ones, in a few minutes
	$(BIN)/python -m pytest tests/ -m "not long" -n auto --maxprocesses 8 --dist worksteal

parity: ## Runs the tests on Spark with Delta Lake, in an environment of their own; needs Java 17
	PYTHON="$(PYTHON)" .ci/parity

check: format lint types layers workflows docs-current ## Format, lint, types, layers, workflows, docs, all tests with coverage
	@.ci/tests

format: $(CHECKS) ## Checks the format (ruff format puts it right)
	$(BIN)/ruff format --check .

lint: $(CHECKS) ## Checks the code with ruff
	$(BIN)/ruff check .

types: $(CHECKS) ## Checks the types with mypy
	$(BIN)/mypy

layers: $(CHECKS) ## Checks that imports go one way
	$(BIN)/lint-imports

workflows: $(CHECKS) ## Checks what GitHub runs, with zizmor and, where there is Go, actionlint
	$(BIN)/zizmor --offline --quiet --persona auditor .github
	.ci/actionlint

docs: $(READY) ## Makes the generated pages in docs/ again
	$(BIN)/python docs/generate.py

docs-current: $(READY) ## Checks that the generated pages are current
	$(BIN)/python docs/generate.py --check

histories: $(READY) ## Compares 300 random histories, and 100 with rollbacks, with their rebuild (HISTORIES="30")
	$(BIN)/python -m tests.promises.random_sequences $(HISTORIES) --jobs 2
	$(BIN)/python -m tests.promises.random_sequences $(ROLLBACKS) --rollbacks --jobs 2

years: $(READY) ## Takes in three years of daily files, a run for each day (DAYS="60" for fewer)
	$(BIN)/python benchmarks/years.py $(DAYS)

fuzz: $(READY) ## Takes in 10,000 damaged files and counts them apart (FILES="500" for fewer)
	$(BIN)/python -m tests.promises.mutated_files $(FILES) --from 1 --jobs 2
	$(BIN)/python -m tests.promises.mutated_files $(FILES) --reader --from 1000 --jobs 2

kills: $(READY) ## Kills 200 runs at random instants (KILLS="20" for fewer)
	$(BIN)/python -m tests.promises.random_kills $(KILLS) --seed 1

package: ## Builds wheel and sdist, and runs the sample from the wheel alone
	PYTHON="$(PYTHON)" .ci/package

sample: $(READY) ## Makes the sample retailer's files again
	$(BIN)/python benchmarks/generator.py --sample

bench: $(BENCH) ## Measures this project beside hand-written scripts (ROWS="30000 3000000" RUNS=3 ONLY="embedded duckdb")
	.venv-bench/bin/python benchmarks/contest.py $(ROWS) --runs $(RUNS) --only $(ONLY) --docs docs

job: $(READY) ## Measures a first load, a run with nothing new and one more file (ROWS="30000000")
	$(BIN)/python benchmarks/main_job.py $(ROWS)

growth: $(READY) ## Measures how cost grows, one cause at a time (ARGUMENTS="--engine spark --ends")
	$(BIN)/python benchmarks/growth.py $(ARGUMENTS)

build: $(CHECKS) ## Builds the wheel and the sdist into dist/
	$(BIN)/python -m build

clean: ## Removes what make has made, and nothing else
	rm -rf $(VENV) .venv-spark .venv-bench build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage*
