# Two commands matter: `make run` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MACHINE ?= motor_siemens_1la7_001
EPOCHS ?= 300

.PHONY: run test fleet setup check clean

run: setup  ## Onboard one machine from its profile to synthetic data
	$(BIN)/fleetforge onboard $(MACHINE) --epochs $(EPOCHS) --wait

fleet: setup  ## Onboard all 32 machines of the fleet
	$(BIN)/fleetforge onboard --fleet --epochs $(EPOCHS) --wait

test: $(VENV)/.dev  ## The import contracts and the whole test suite
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses 2 --dist loadfile

check: $(VENV)/.dev  ## Formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

setup: $(VENV)/.installed  ## The virtual environment; quick when nothing changed

# torch first and by itself: a wheel that is at hand is taken before any other torch is looked for.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --constraint constraints.txt --group dev
	touch $@

clean:  ## Remove the environment; `var/` with your data stays
	rm -rf $(VENV)
