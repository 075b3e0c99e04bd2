# Two commands matter: `make run` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet
WEB_TOOLS := tests/web/tools
OPENAPI_TYPES := $(WEB_TOOLS)/node_modules/.bin/openapi-typescript --root-types --root-types-no-schema-prefix
MACHINE ?= motor_siemens_1la7_001
EPOCHS ?= 25
SEED ?= 0
MINUTES ?= 10
PROCESSES ?= 2
# More than cores: half of the time, a test waits for a process.
TEST_PROCESSES ?= 4
ARCHAIC := told|tells|whoever|whom|nobody|thereof|wherever|lest|nought|beside|besides

.PHONY: run test test-mqtt test-fleet test-web fleet setup check check-web types clean chaos bench-latency bench-throughput bench-rescue bench-growth bench-http bench-gan bench-tricks bench-fleet bench-gates bench-predict bench-predict-speed bench-cells bench-cmapss bench-few bench-worth bench-judges bench-live bench-dashboard chaos-live

run: setup  ## Onboard one machine from its profile to synthetic data
	$(BIN)/fleetforge onboard $(MACHINE) --epochs $(EPOCHS) --wait
	@echo "next, see units age and alerts rise: $(BIN)/fleetforge demo"

fleet: setup  ## Onboard all 32 machines of the fleet
	$(BIN)/fleetforge onboard --fleet --epochs $(EPOCHS) --wait

# Containers often forbid bytecode. Without it, hundreds of processes compile the same files.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.dev  ## The import contracts and the whole test suite
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-mqtt: $(VENV)/.dev  ## The MQTT listener with Debian's mosquitto, which apt-get installs if it is missing
	@PATH="$$PATH:/usr/sbin" command -v mosquitto >/dev/null || { \
		test "$$(id -u)" -eq 0 || sudo=sudo; \
		$$sudo apt-get update -qq && $$sudo apt-get install -qq --no-install-recommends mosquitto; }
	$(BIN)/pytest tests/mqtt

# Chromium comes from apt-get, and axe from npm.
test-web: $(VENV)/.web $(WEB_TOOLS)/node_modules  ## The pages, in Debian's Chromium over the real service
	$(BIN)/pytest --numprocesses 2 tests/web

test-fleet: $(VENV)/.web  ## All 32 machines, from profile to predictions of units in service and their tiles
	$(BIN)/pytest tests/fleet

chaos: $(VENV)/.dev  ## 300 machines under fire on both databases; SEED=n replays a run
	$(BIN)/python -m benchmarks.chaos --seed $(SEED)

bench-growth: $(VENV)/.dev  ## What 100,000 machines in the ledger cost, operation by operation
	$(BIN)/python -m benchmarks.growth --json benchmarks/growth/bench-growth.json

bench-rescue: $(VENV)/.dev  ## From SIGKILL to running elsewhere
	$(BIN)/python -m benchmarks.rescue

bench-latency: $(VENV)/.bench  ## Hand-over times compared with stock Dramatiq and Celery
	$(BIN)/python -m benchmarks.latency

bench-throughput: $(VENV)/.bench  ## Machines a second, 500 and 10,000, compared with Celery
	$(BIN)/python -m benchmarks.throughput

bench-http: $(VENV)/.bench  ## Response times of the service while a training runs
	$(BIN)/python -m benchmarks.http_load

bench-gan: $(VENV)/.dev  ## Our model compared with stock SDV's: time and fidelity
	$(BIN)/python -m benchmarks.gan --json benchmarks/gan/bench-gan.json

bench-tricks: $(VENV)/.dev  ## What each part of our model contributes
	$(BIN)/python -m benchmarks.gan.ablations --json benchmarks/gan/bench-tricks.json

bench-fleet: export PYTHONDONTWRITEBYTECODE :=
bench-fleet: $(VENV)/.dev  ## The whole fleet compared with a loop over stock SDV
	$(BIN)/python -m benchmarks.gan.fleet --json benchmarks/gan/bench-fleet.json

bench-gates: $(VENV)/.dev  ## How often gates find spoilt sets, and reject good ones
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.gan.gates --json benchmarks/gan/bench-gates.json

bench-predict: $(VENV)/.dev  ## Predictors on fresh simulated units, with right and wrong profiles
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.prognosis.machines --json benchmarks/prognosis/bench-predict.json

bench-predict-speed: $(VENV)/.dev  ## What a prediction, a training and a file cost
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.prognosis.speed --json benchmarks/prognosis/bench-speed.json

bench-cells: $(VENV)/.dev  ## Predictors on measured battery cells; CELLS=folder
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.prognosis.cells "$(CELLS)" --json benchmarks/prognosis/bench-cells.json

bench-cmapss: $(VENV)/.dev  ## Predictors on C-MAPSS FD001 and FD003; CMAPSS=folder
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.prognosis.cmapss "$(CMAPSS)" --json benchmarks/prognosis/bench-cmapss.json

bench-few: $(VENV)/.dev  ## What a predictor of a few real lives should learn with them; CELLS=folder
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.prognosis.few_lives "$(CELLS)" --json benchmarks/prognosis/bench-few.json

# Without CELLS and CMAPSS, the simulated law alone. KEPT=file goes on where a run with the same file has stopped.
bench-worth: $(VENV)/.dev  ## What generated lives are worth to RUL forecasts; CELLS=folder, CMAPSS=folder, KEPT=file
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.worth --processes $(PROCESSES) $(if $(KEPT),--kept "$(KEPT)") \
		$(if $(CMAPSS),--cmapss "$(CMAPSS)") \
		$(if $(CELLS),"$(CELLS)" --json benchmarks/worth/bench-worth.json --plot docs/worth.svg)

bench-judges: $(VENV)/.dev  ## How well three judges separate generated lives from real ones; CELLS=folder, CMAPSS=folder
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.worth.likeness $(if $(CMAPSS),--cmapss "$(CMAPSS)") \
		$(if $(CELLS),"$(CELLS)" --json benchmarks/worth/bench-judges.json)

bench-live: $(VENV)/.dev  ## What readings of 10,000 units cost, and how soon an alert follows
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.telemetry --json benchmarks/telemetry/bench-live.json

bench-dashboard: $(VENV)/.web $(WEB_TOOLS)/node_modules  ## What pages cost the service and a browser, for MINUTES; all pages by pairs
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.dashboard --json benchmarks/dashboard/bench-dashboard.json
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.dashboard.browser --minutes $(MINUTES) --json benchmarks/dashboard/bench-browser.json
	$(BIN)/python -m benchmarks.dashboard.pages --json benchmarks/dashboard/bench-pages.json

chaos-live: $(VENV)/.dev  ## Readings while workers are killed: each is counted once
	$(BIN)/python -m benchmarks.telemetry.kills --seed $(SEED)

check: $(VENV)/.dev  ## Formatting, lint, types and plain English
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@grep -rnwiE '$(ARCHAIC)' --include='*.md' --include='*.py' --include='*.yaml' --include='*.js' --include='*.html' \
		--exclude=CONTRIBUTING.md --exclude-dir='.*' --exclude-dir=var --exclude-dir=node_modules --exclude-dir=vendor *; test $$? -eq 1 || { \
		echo "write plain English in place of these words; see CONTRIBUTING.md" >&2; exit 1; }
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory check-web; \
		else echo "npm is missing, so the JavaScript of web/ is not checked"; fi

types: $(VENV)/.dev $(WEB_TOOLS)/node_modules  ## Types of the service's answers, which the pages' JavaScript names; needs npm
	@$(BIN)/python -m tests.web.answers | $(OPENAPI_TYPES) --output $(WEB_TOOLS)/answers.d.ts

check-web: $(VENV)/.dev $(WEB_TOOLS)/node_modules  ## Types and lint of the pages' JavaScript; needs npm
	@$(BIN)/python -m tests.web.answers | $(OPENAPI_TYPES) | diff -q - $(WEB_TOOLS)/answers.d.ts || { \
		echo "the answers of the service have changed; run make types" >&2; exit 1; }
	$(WEB_TOOLS)/node_modules/.bin/tsc --project $(WEB_TOOLS)/tsconfig.json
	$(WEB_TOOLS)/node_modules/.bin/eslint --config $(WEB_TOOLS)/eslint.config.js web

setup: $(VENV)/.installed  ## The virtual environment; quick when nothing changed

# torch first and in its own step: a local wheel is then used before pip looks for another torch.
$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "1/3 virtual environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade 'pip>=25.1'
	@echo "2/3 PyTorch (200 MB or more, the longest step)"
	@$(PIP) --constraint constraints.txt torch
	@echo "3/3 Fleetforge and its other libraries"
	@PYTHONWARNINGS=ignore $(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "tools for tests and checks"
	@$(PIP) --constraint constraints.txt --group dev
	@touch $@

$(VENV)/.web: $(VENV)/.dev
	@echo "what drives a browser, and Chromium if it is missing"
	@$(PIP) --constraint constraints.txt --group web
	@command -v chromium >/dev/null || { \
		test "$$(id -u)" -eq 0 || sudo=sudo; \
		$$sudo apt-get update -qq && $$sudo apt-get install -qq --no-install-recommends chromium fonts-dejavu-core; }
	@touch $@

$(WEB_TOOLS)/node_modules: $(WEB_TOOLS)/package.json
	@npm install --silent --no-audit --no-fund --no-package-lock --prefix $(WEB_TOOLS)
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	@echo "libraries for benchmarks"
	@$(PIP) --constraint constraints.txt --group bench
	@touch $@

clean:  ## Remove the environment; `var/` with your data stays
	rm -rf $(VENV)
