# Everything a newcomer needs. Each target sets up what it uses, in .venv.
PYTHON ?= python3
BIN := .venv/bin
TESTS := $(BIN)/python -m pytest -n 2 --dist worksteal
QUICK := domain engine evaluation exits filters forecasting portfolio risk scheduler settings strategies
SDK := kalshi_python_async==3.34.0
K ?=
ROWS ?=

.PHONY: run test test-quick torture bench study check documents smoke clean

run: .venv/.run  ## A day of the desk on the embedded exchange.
	$(BIN)/kalshi run-loop --sim --cycles 96 --home .kalshi

test: .venv/.dev  ## Run every test, or those that match: make test K=pattern
	$(TESTS) $(if $(K),-k "$(K)")

test-quick: .venv/.dev  ## Run the tests of the rules and decisions, in half a minute.
	$(TESTS) -m "not slow" $(if $(K),-k "$(K)") $(addprefix tests/,$(QUICK))

torture: .venv/.dev  ## Break ten thousand answers to each request, drive two thousand desks, kill one a thousand times and more; hours.
	MUTATIONS=10000 $(TESTS) --timeout 900 tests/adapters/kalshi/test_kalshi_mutations.py tests/forecasting/test_mutated_answers.py
	MACHINES=2000 $(TESTS) --timeout 7200 tests/steps/test_desk_machine.py
	DESK_KILLS=1008 KILLS=200 JOURNAL_STEPS=all STOPS=8 FLIPS=20 $(TESTS) tests/crash

bench: .venv/.dev  ## Measure, as ratios against a floor of the same run, or a part: make bench ROWS=reaction
	$(BIN)/python -m tests.bench $(ROWS)

study: .venv/.dev  ## The long studies, of hours; or a part: make study PARTS="growth weather".
	$(BIN)/python -m tests.studies $(PARTS)

check: .venv/.dev  ## Lint, types, import contracts, generated documents.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m kalshi_cli.cli.documents --check

documents: .venv/.run  ## Write config.example.toml, COMMANDS_REFERENCE.md and the schema of new stores anew.
	$(BIN)/python -m kalshi_cli.cli.documents

smoke: .venv/.dev  ## Build the wheel and use it in an environment of its own.
	.ci/smoke

clean:
	rm -rf .venv dist

.venv/.run: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/.dev: .venv/.run
	$(BIN)/python -m pip install --quiet --group dev
	$(BIN)/python -m pip install --quiet --no-deps --ignore-requires-python $(SDK)
	touch $@
