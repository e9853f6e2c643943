# `make run` and `make test` are all that a newcomer needs; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
# The default Linux build of torch brings gigabytes of CUDA; this index has the small one.
TORCH_INDEX := https://download.pytorch.org/whl/cpu
TORCH := torch==2.13.0

.PHONY: install run test check format bench eval docs clean

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
	$(BIN)/ruff format --check rag eval tests app.py
	$(BIN)/ruff check rag eval tests app.py
	$(BIN)/mypy
	$(BIN)/kratom-evidence corpus check

format: $(VENV)/.tested
	$(BIN)/ruff check --fix rag eval tests app.py
	$(BIN)/ruff format rag eval tests app.py

eval: $(VENV)/.tested
	$(BIN)/kratom-evidence eval gold
	$(BIN)/kratom-evidence eval behaviour
	$(BIN)/kratom-evidence eval grounding
	$(BIN)/kratom-evidence eval triage
	$(BIN)/kratom-evidence eval claims

bench: $(VENV)/.tested
	$(BIN)/kratom-evidence bench

docs: $(VENV)/.tested
	$(BIN)/kratom-evidence docs

clean:
	rm -rf $(VENV) .index
