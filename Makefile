# Each target installs what it needs by itself, and is quick the second time.
# ARGS is passed on: make demo ARGS=--exit, make test ARGS="tests/unit -x", make bench ARGS=ingest

BIN := .venv/bin
WORKERS := 3

.NOTPARALLEL:
.PHONY: help install synapse demo test lint docs bench constraints clean distclean

help:
	@echo "make install      the bridge and everything it needs, in .venv"
	@echo "make demo         play the story on this machine (ARGS=--exit ends afterwards)"
	@echo "make test         check style and types, run all tests (WORKERS=3 at once)"
	@echo "make lint         check style and types"
	@echo "make docs         write anew what the program itself writes into its documentation"
	@echo "make bench        run the benchmarks"
	@echo "make constraints  write constraints.txt anew from pyproject.toml"
	@echo "make clean        remove what tools left behind; make distclean removes .venv too"

install:
	@PYTHON="$(PYTHON)" scripts/bootstrap

synapse: install
	@$(BIN)/python -m laiwang_bridge.demo.environment

demo: install
	@$(BIN)/laiwang-bridge demo $(ARGS)

test: lint synapse
	@echo "Running the tests (pytest)"
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install
	@echo "Checking style (ruff)"
	@$(BIN)/ruff check
	@echo "Checking types (mypy)"
	@$(BIN)/mypy
	@$(BIN)/mypy bench tests/support tests/conftest.py docs/example/dice.py

docs: install
	@$(BIN)/python -m tests.support.documents

bench: synapse
	@$(BIN)/python -m bench $(ARGS)

constraints: install
	@scripts/refresh-constraints

clean:
	rm -rf build dist *.egg-info .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find appservice laiwang_bridge tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
