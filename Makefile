PYTHON ?= python3
VENV := .venv
PROTOC_VENV := .venv-protos
WANDB_VENV := .venv-wandb
BIN := $(VENV)/bin
# Half of a test's time is waiting, for a process that dies or a lease that runs out.
TEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
STUBS := clients/python/wanllmdb/api
PROTOS := $(shell find protos -name '*.proto')

.PHONY: demo test explore gp wandb bench robustness protos protos-check docs docs-check check format clean

$(VENV)/.demo: pyproject.toml deploy/constraints/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint deploy/constraints/dev.txt --editable '.[demo]'
	touch $@

# The training frameworks that tests use are large: the demo does without.
$(VENV)/.installed: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint deploy/constraints/dev.txt --editable '.[dev]'
	touch $@

# torch, for the Gaussian process sampler, and frameworks on it: some gigabytes, so an extra.
$(VENV)/.gp: $(VENV)/.installed deploy/constraints/gp.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint deploy/constraints/dev.txt --constraint deploy/constraints/gp.txt --editable '.[dev,dev-torch]'
	touch $@

# Stubs are made by an older grpcio-tools in an environment of its own: its
# output loads on protobuf 6 and 7, the newest one's on 7 alone.
$(PROTOC_VENV)/.installed: deploy/constraints/protoc.txt
	$(PYTHON) -m venv $(PROTOC_VENV)
	$(PROTOC_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint deploy/constraints/protoc.txt grpcio-tools mypy-protobuf
	touch $@

# W&B's own client, whose signatures ours are held against.
$(WANDB_VENV)/.installed: deploy/constraints/wandb.txt
	$(PYTHON) -m venv $(WANDB_VENV)
	$(WANDB_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint deploy/constraints/wandb.txt wandb
	touch $@

demo: $(VENV)/.demo ## A real sweep on real services, in about a minute
	$(BIN)/wanllmdb demo

# A file's tests stay together, in the order of the folders: the long files of e2e come first.
test: $(VENV)/.installed ## All tests; TEST_WORKERS processes, two a core by default
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

gp: $(VENV)/.gp ## Adds torch and frameworks on it, so that the tests of what needs them run too

wandb: $(WANDB_VENV)/.installed ## Adds W&B's client in an environment of its own, for the test of signatures

explore: $(VENV)/.installed ## The property tests and the registry's state machine with new random examples
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile --hypothesis-profile random \
		tests/unit tests/contract tests/integration/registry/test_model.py

bench: $(VENV)/.installed ## The benchmark tables
	$(BIN)/python -m tests.benchmarks

robustness: $(VENV)/.installed ## Half an hour of faults under traffic, with every history checked
	$(BIN)/python -m tests.robustness --minutes 30

protos: $(PROTOC_VENV)/.installed ## Python stubs from protos/
	rm -rf $(STUBS)
	cd protos && PATH="$(CURDIR)/$(PROTOC_VENV)/bin:$$PATH" python -m grpc_tools.protoc --proto_path=. \
		--python_out=../clients/python --grpc_python_out=../clients/python \
		--mypy_out=../clients/python --mypy_grpc_out=../clients/python \
		$(PROTOS:protos/%=%)
	find $(STUBS) -type d -exec touch {}/__init__.py \;

protos-check: protos ## Fails when the committed stubs are not those of protos/
	@test -z "$$(git status --porcelain -- $(STUBS))" || \
		{ git --no-pager diff --stat -- $(STUBS); echo "stubs differ from protos/: run 'make protos' and commit"; exit 1; }

docs: $(VENV)/.installed ## docs/api.md from the comments of protos/, and W&B's names in docs/coming-from.md
	$(BIN)/buf build -o - | $(BIN)/python docs/generate_api.py > docs/api.md
	$(BIN)/python docs/generate_names.py

docs-check: $(VENV)/.installed ## Fails when a page is not what it is made from
	@$(BIN)/python docs/generate_names.py --check
	@$(MAKE) docs
	@git diff --exit-code --stat -- docs/api.md || { echo "docs/api.md differs from protos/: run 'make docs' and commit"; exit 1; }

check: $(VENV)/.installed ## Format, lint, types, layers, protos
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code protos
	$(MAKE) protos-check docs-check

format: $(VENV)/.installed ## Formats everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/buf format --write protos

clean:
	rm -rf $(VENV) $(PROTOC_VENV) $(WANDB_VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
