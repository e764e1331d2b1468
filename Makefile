# make report and make test need python3 (3.11 or later), its pip, and make; all else they fetch.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-bench
PEERS_READY := $(PEERS)/.ready

export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: help setup report test validate validate-size lab docs bench bench-quick lint format lock \
  examples world privacy-rules dictionary house gallery clean

help:
	@echo "make report    set up, evaluate the example pilot for all three audiences, print the paths"
	@echo "make test      set up, lint, type-check and run the tests"
	@echo "make lab       open JupyterLab on the tour and the other notebooks"
	@echo "make docs      build the handbook, its examples run; prints its first page"
	@echo "make bench     measure speed and accuracy against named peers; bench-quick: in a minute"
	@echo "make validate  the heavy proofs, and every method against known truth"
	@echo "make validate-size  false-positive rates and coverage"
	@echo "make world     write docs/world.md and its pictures from the code"
	@echo "make privacy-rules  write docs/privacy-rules.md: what may leave of the example pilot"
	@echo "make dictionary  write docs/data-dictionary.md from the schema and types"
	@echo "make house     draw the floors of docs/architecture.md from the imports"
	@echo "make gallery   write reports/gallery: the example pilot in every format, with pictures"
	@echo "make lint, format, lock, examples, clean"

setup: $(READY)

# --without-pip: works on Debian without python3-venv; the system's pip fills the environment.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "rmresearch needs Python 3.11 or later; set PYTHON=..." >&2; exit 2; }
	@echo "Setting up $(VENV) (once; a minute or two) ..." >&2
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet \
	  --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check install --quiet \
	  --no-deps --no-build-isolation --editable .
	@touch $@

report: $(READY)
	@$(BIN)/rmresearch report data/synthetic/pilot --audience all --out reports/pilot

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

validate: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile -m "validate or not validate" --validate
	$(BIN)/python -m benchmarks.truth

validate-size: $(READY)
	$(BIN)/python -m benchmarks.size

lab: $(READY)
	$(BIN)/rmresearch lab

docs: $(READY)
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --builder html docs docs/_build/html
	@echo docs/_build/html/index.html

bench: $(READY) $(PEERS_READY)
	$(BIN)/python -m benchmarks

bench-quick: $(READY) $(PEERS_READY)
	$(BIN)/python -m benchmarks --quick

$(PEERS_READY): benchmarks/requirements.txt
	$(PYTHON) -m venv --clear --without-pip $(PEERS)
	@grep -v '^#' $< | while read -r peer; do \
	  $(PYTHON) -m pip --python $(PEERS)/bin/python --disable-pip-version-check install --quiet \
	    "$$peer" || echo "$$peer did not install: its rows stay without a peer" >&2; \
	done
	@touch $@

examples: $(READY)
	$(BIN)/rmresearch simulate example --out data/synthetic/pilot
	$(BIN)/rmresearch simulate no-effect --seed 7 --out data/synthetic/no-effect
	$(BIN)/rmresearch simulate rct --seed 7 --out data/synthetic/rct

world: $(READY)
	@$(BIN)/python -m rmresearch.report.world_page

privacy-rules: $(READY)
	@$(BIN)/python -m rmresearch.report.privacy_page

dictionary: $(READY)
	@$(BIN)/python -m rmresearch.report.dictionary_page

house: $(READY)
	@$(BIN)/python -m rmresearch.report.house_page

gallery: $(READY)
	@$(BIN)/python -m tests.make_gallery

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --python-version 3.11 --all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) $(PEERS) docs/_build build dist .pytest_cache .ruff_cache .mypy_cache
