# What is needed: Python 3.11 or newer and make. Everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests wait for servers and processes more than they compute: more than twice as many as two cores, and who is idle takes over.
WORKERS ?= 5
# Each of these ends by holding its ratio against its target; the other files there are what they share.
BENCHES := $(addprefix bench/,first_paint.py collect_pods.py collect_memory.py watch_event.py key_paint.py \
  jenkins_requests.py jenkins_poll.py pairs_right.py history_insert.py csv_export.py paint_latency.py \
  verdict_latency.py log_follow.py logs_start.py logs_screen.py logs_memory.py logs_open.py token_sweep.py \
  alerts_evaluated.py notify_latency.py sooner.py gate.py alert_storm.py)

.PHONY: help demo test soak check bench clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    a small living world on this machine, and the board of it"
	@echo "make test    all tests"
	@echo "make soak    the tests that take minutes"
	@echo "make check   style, types, and who imports whom"
	@echo "make bench   measurements, each against another tool"
	@echo "make clean   remove what these made"

# A stamp for each set of packages: a second call costs nothing until pyproject.toml changes.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/test: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/run

$(VENV)/dev: $(VENV)/made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/test $(VENV)/run

demo: $(VENV)/run
	@$(BIN)/statusdesk demo

# All is compiled once, by a process on each of two cores, for each of the workers would do it otherwise.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/test
	-@ls -d tests/*/ tests/test_*.py | xargs -n 8 -P 2 $(BIN)/python -m pytest --collect-only -q >/dev/null
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

soak: $(VENV)/test
	$(BIN)/python -m pytest -m soak

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/test
	@failed=; for script in $(BENCHES); do \
	  echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script || failed="$$failed $$script"; \
	done; \
	test -z "$$failed" || { echo "missed its target:$$failed" >&2; exit 1; }

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f snapshot_report.html
