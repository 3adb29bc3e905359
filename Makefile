# `make` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help demo test bench cluster cluster-down transcript crds reference manifests deny site sbom dist fmt tools

# Where `make cluster` keeps its cluster.
CLUSTER ?= $(CURDIR)/target/cluster

# Where cargo puts what it builds.
BUILT := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/debug

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: tools ## Build podsec and a control plane, and play the main job on it (nothing else is touched)
	@demo/run.sh

test: tools ## Run every test; STAGES="fmt clippy" runs those alone
	@tests/run.sh $(STAGES)

bench: tools ## Measure podsec beside others: judging and reading pods, and podsec check
	@cargo bench --quiet --locked --bench standards
	@cargo bench --quiet --locked --bench check

cluster: tools ## Start a control plane to try things on, and print how to reach it
	@cargo build --quiet --locked --workspace --bins --examples
	@'$(BUILT)/podsec-control-plane' up --dir '$(CLUSTER)'
	@echo "export PATH='$$('$(BUILT)/podsec-control-plane' paths):$(BUILT)':\"\$$PATH\""
	@echo '# then: docs/getting-started.md'

cluster-down: ## End the control plane that `make cluster` started
	@cargo build --quiet --locked --workspace --bins --examples
	@'$(BUILT)/podsec-control-plane' down --dir '$(CLUSTER)'

transcript: tools ## Run the demo and put its output into README.md
	@mkdir -p target
	@demo/run.sh > target/demo.txt
	@demo/transcript.sh write target/demo.txt

crds: ## Write crds/ anew from the types in src/api
	@cargo run --quiet --locked -- crds > target/crds.yaml
	@awk '/^---$$/ { text = ""; file = ""; next } \
		file { print > file; next } \
		{ text = text $$0 "\n" } \
		/^  name: / { sub(/[.].*/, "", $$2); file = "crds/podsec.dev_" $$2 ".yaml"; printf "%s", text > file }' \
		target/crds.yaml
	@cp crds/podsec.dev_*.yaml deploy/helm/podsec/files/crds/
	@$(MAKE) --no-print-directory manifests reference

reference: ## Write docs/reference/ anew from the types in src/api
	@PODSEC_WRITE_REFERENCE=yes cargo test --quiet --workspace --locked --test docs -- the_reference_says > target/reference.txt || \
		{ cat target/reference.txt; exit 1; }

manifests: tools ## Write what of deploy/ comes from the Helm chart
	@deploy/helm/render.sh "$$(cargo run --quiet --locked -p podsec-control-plane -- helm)" deploy

deny: ## Check licences, bans and sources of the crates, with cargo-deny
	@cargo deny --locked check licenses bans sources

# What is installed on demand, and pinned.
CYCLONEDX := 0.5.9
MDBOOK := 0.5.4
TOOLS := $(CURDIR)/target/tools

site: ## Build the documentation as a site into target/site, with mdBook
	@mkdir -p target
	@PATH="$(TOOLS)/bin:$$PATH" mdbook --version 2>/dev/null | grep -qx 'mdbook v$(MDBOOK)' || \
		cargo install --locked --root '$(TOOLS)' --version $(MDBOOK) --no-default-features --features search mdbook
	@PATH="$(TOOLS)/bin:$$PATH" docs/site/build.sh target/site
	@echo "target/site/index.html; to look at it: python3 -m http.server --bind 127.0.0.1 --directory target/site"

sbom: ## Write what podsec consists of to target/dist/podsec.cdx.json (CycloneDX)
	@mkdir -p target/dist
	@PATH="$(TOOLS)/bin:$$PATH" command -v cargo-cyclonedx >/dev/null || \
		cargo install --locked --root '$(TOOLS)' --version $(CYCLONEDX) cargo-cyclonedx
	@PATH="$(TOOLS)/bin:$$PATH" deploy/release/sbom.sh target/dist/podsec.cdx.json

dist: ## Pack podsec for a release into target/dist; PROJECT=https://… is needed, TARGET=… is a target of Rust
	@deploy/release/dist.sh '$(PROJECT)' '$(TARGET)'

fmt: ## Format the Rust code
	@cargo fmt --all

tools:
	@tests/tools.sh
