# `make run` and `make test` are all that a newcomer needs; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
# The default Linux build of torch brings gigabytes of CUDA; this index has the small one.
TORCH_INDEX := https://download.pytorch.org/whl/cpu
TORCH := torch==2.13.0

CODE := rag eval tests examples app.py

.PHONY: install run test check format bench eval gate audit docs clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --index-url $(TORCH_INDEX) --retries 0 --timeout 5 $(TORCH) 2>/dev/null \
		|| $(PIP) install --quiet $(TORCH)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

run: install
	$(BIN)/python app.py

test: $(VENV)/.tested
	$(BIN)/python -m pytest

check: $(VENV)/.tested
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/kratom-evidence corpus check

format: $(VENV)/.tested
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

eval: $(VENV)/.tested
	$(BIN)/kratom-evidence eval --split dev

# The deterministic suites on the cases that nothing was tuned on; fails when a hard gate falls.
gate: $(VENV)/.tested
	$(BIN)/kratom-evidence eval --split test

audit: $(VENV)/.tested
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

bench: $(VENV)/.tested
	$(BIN)/kratom-evidence bench

docs: $(VENV)/.tested
	$(BIN)/kratom-evidence docs

clean:
	rm -rf $(VENV) .index
