# Two commands do everything on a fresh machine: `make app` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
APP_READY := $(VENV)/.ready-app
DEV_READY := $(VENV)/.ready-dev
BENCH_READY := $(VENV)/.ready-bench

# Says which package it is at: the first time takes a minute or two.
INSTALL := $(BIN)/python .ci/install.py

.PHONY: app test lint format audit pins bench claims fuzz screenshots clean

app: $(APP_READY)  ## install what the app needs, then start it
	@echo "Starting the app. Stop it with Ctrl-C."
	$(BIN)/streamlit run app/main.py

test: $(DEV_READY) browser lint  ## install everything, then check everything
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python .ci/pins.py
	$(BIN)/python .ci/frontend.py

audit: $(DEV_READY)  ## known vulnerabilities of what is installed; needs a connection
	$(BIN)/python .ci/audit.py

pins: $(DEV_READY)  ## move the pins to the newest versions that install together
	$(BIN)/python .ci/pins.py --update

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(DEV_READY) browser  ## every page, three sizes, light and dark; and the README's
	$(BIN)/python docs/screenshots.py

fuzz: $(DEV_READY)  ## hostile input, 20,000 of every kind; a quarter of an hour on two cores
	$(BIN)/python benchmarks/hostile.py

bench: $(BENCH_READY) browser  ## one table of speed, ours beside others; a quarter of an hour
	$(BIN)/python benchmarks/harness.py

# Training, batches, accuracy and faithfulness need photos: INCEPTION_VIZ_DATA=FOLDER make claims
CLAIMS := "library counts" "waiting photos explanations lab" "pages weight accessibility" \
	"classroom users lesson soak counted" throughput accuracy "accuracy right --weights imagenette"
claims: $(BENCH_READY) browser  ## every other figure we claim; what falls short stops nothing
	-for claim in $(CLAIMS); do set -- $$claim; name=$$1; shift; \
	  $(BIN)/python benchmarks/$$name.py $$@; done

# Installed once; again only when the list of packages changes.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' \
	  || { echo "Inception Viz needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making a Python environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(APP_READY): requirements.txt | $(BIN)/python
	@$(INSTALL) requirements.txt
	@touch $@

$(DEV_READY): requirements.txt requirements-dev.txt | $(BIN)/python
	@$(INSTALL) requirements-dev.txt
	@touch $(APP_READY) $@

$(BENCH_READY): requirements-bench.txt $(DEV_READY)
	@$(INSTALL) requirements-bench.txt
	@touch $@

# Browser tests drive Chromium. Debian's is installed where that is possible and none is there;
# elsewhere those tests skip and say so.
.PHONY: browser
browser:
	@if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null \
	  && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium \
	    >/dev/null || echo "Chromium could not be installed; browser tests will be skipped."; fi

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
