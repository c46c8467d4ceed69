# `make` alone tells what there is. Nothing here needs more than Go and make, and
# nothing is left behind but a cache.

CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/seldon-prometheus-exporter
BIN   := $(CACHE)/bin

GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
GOLANGCI_DIR     := $(CACHE)/golangci-lint-$(GOLANGCI_VERSION)
GOLANGCI         := $(GOLANGCI_DIR)/golangci-lint

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## the exporter, as ./seldon-prometheus-exporter
	go build -o seldon-prometheus-exporter .

.PHONY: test
test: ## every test, on real Prometheus servers, with a summary at the end
	@cd sim && go run ./cmd/runtests .. . ../release

.PHONY: lint
lint: $(GOLANGCI) ## gofmt, go vet and golangci-lint
	@unformatted="$$(gofmt -l *.go internal sim e2e release)"; \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	@for module in . sim sim/engines e2e release; do \
		echo "lint: $$module"; \
		(cd $$module && go vet ./... && $(GOLANGCI) run --allow-parallel-runners --config $(CURDIR)/.golangci.yml ./...) || exit 1; \
	done

# GOVULNDB= names a mirror of the database where vuln.go.dev cannot be reached.
.PHONY: vulncheck
vulncheck: ## known vulnerabilities in what is used of Go and of the dependencies
	@go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) .

# golangci-lint comes from the Go module proxy like everything else, into a module of its
# own: its hundreds of dependencies are no business of ours.
$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION), once: this takes some minutes"
	@rm -rf $(GOLANGCI_DIR) && mkdir -p $(GOLANGCI_DIR)
	@cd $(GOLANGCI_DIR) && { \
		go mod init lint && \
		go get -tool github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) && \
		go build -o golangci-lint.new github.com/golangci/golangci-lint/v2/cmd/golangci-lint; \
	} >build.log 2>&1 || { cat build.log; exit 1; }
	@mv $(GOLANGCI).new $(GOLANGCI)

.PHONY: demo
demo: ## a simulated cluster, a real Prometheus over it and the exporter; Ctrl-C ends it
	@echo "Building the exporter and a Prometheus: the first time this takes minutes."
	@sim/build.sh . . $(BIN)/seldon-prometheus-exporter
	@sim/build.sh sim ./cmd/demo $(BIN)/demo
	@exec $(BIN)/demo -exporter $(BIN)/seldon-prometheus-exporter

# ONLY=large runs the tests with that in their names.
.PHONY: browser
browser: ## the pages in a Chromium, over simulated clusters; fetches what is missing here
	@sim/build.sh . . $(BIN)/seldon-prometheus-exporter
	@sim/build.sh sim ./cmd/browser $(BIN)/browser
	@cd sim && exec $(BIN)/browser -exporter $(BIN)/seldon-prometheus-exporter -- --test --test-reporter=spec $(if $(ONLY),--test-name-pattern='$(ONLY)')

.PHONY: screenshots
screenshots: ## docs/images: pictures of the pages over the demo's cluster
	@sim/build.sh . . $(BIN)/seldon-prometheus-exporter
	@sim/build.sh sim ./cmd/browser $(BIN)/browser
	@mkdir -p docs/images
	@cd sim && exec $(BIN)/browser -exporter $(BIN)/seldon-prometheus-exporter -only town -- screenshots.js $(CURDIR)/docs/images

.PHONY: accuracy
accuracy: ## docs/accuracy.md: histories x ways of computing, what is right and what is off
	@cd sim && go run ./cmd/accuracy -o ../docs/accuracy.md

# BENCH="-only scrape" measures that alone, and writes no document; BENCH=-help tells more.
.PHONY: bench
bench: ## docs/benchmarks.md: what a refresh and a scrape cost, beside other ways
	@go build -o $(BIN)/seldon-prometheus-exporter .
	@cd sim && go build -o $(BIN)/bench ./cmd/bench
	@echo "Go benchmarks, which $(CACHE)/bench.txt has for benchstat:"
	@go test -run '^$$' -bench . -benchmem -benchtime 200ms ./internal/... >$(CACHE)/bench.txt || { cat $(CACHE)/bench.txt; exit 1; }
	@grep '^Benchmark' $(CACHE)/bench.txt
	@$(BIN)/bench -exporter $(BIN)/seldon-prometheus-exporter -o docs/benchmarks.md $(BENCH)

.PHONY: bench-backfill
bench-backfill: ## of that: how fast past windows are computed, beside promtool's backfill
	@go build -o $(BIN)/seldon-prometheus-exporter .
	@cd sim && go build -o $(BIN)/bench ./cmd/bench
	@exec $(BIN)/bench -exporter $(BIN)/seldon-prometheus-exporter -only backfill

# HUNT=10000 computes so many, HUNT_SEED=7 begins elsewhere. What was computed is remembered
# in the cache, and not computed again.
.PHONY: hunt
hunt: ## random compositions of what happens in clusters: what is wrong is shrunk to a story
	@cd sim && go run ./cmd/hunt -n $${HUNT:-1000} -seed $${HUNT_SEED:-1}

# SOAK_SEED=7 chooses other moments.
.PHONY: soak
soak: ## kill the exporter at 100 random moments: no window may be lost
	@cd sim && SOAK_KILLS=$${SOAK_KILLS:-100} go test -count=1 -timeout=60m -v -run TestSoak ./endtoend

# ENGINE=cortex,prometheus runs those alone; HISTORIES= is a pattern of the histories' names, and
# HISTORIES=. takes all.
.PHONY: engines
engines: ## histories, limits and delivery on real Thanos, VictoriaMetrics and Mimir, or ENGINE=cortex
	@cd sim/engines && go test -count=1 -timeout=60m -parallel=12 -v .

.PHONY: bench-engines
bench-engines: ## CPU of each engine for a refresh, beside textbook rules on the same engine
	@cd sim/engines && go test -run '^$$' -bench . -benchtime 1x -timeout=60m .

.PHONY: clean
clean: ## remove what was built here, and the cache
	rm -rf seldon-prometheus-exporter dist browser/node_modules
	rm -rf $(CACHE)

VERSION   := $(shell cat VERSION)
REVISION  := $(shell git rev-parse HEAD 2>/dev/null)
DATE      := $(shell TZ=UTC git log -1 --date=format-local:%Y%m%d-%H:%M:%S --format=%cd 2>/dev/null)
STAMP     := github.com/prometheus/common/version
PLATFORMS := linux-amd64 linux-arm64

# Neither a path nor a user of this machine is in them, and no date but the commit's, so that
# whoever builds the same source with the same Go gets the same bytes.
.PHONY: binaries
binaries: ## static binaries, in dist/
	@for platform in $(PLATFORMS); do \
		CGO_ENABLED=0 GOOS=$${platform%-*} GOARCH=$${platform#*-} go build -trimpath -buildvcs=false \
			-ldflags "-s -w -X $(STAMP).Version=$(VERSION) -X $(STAMP).Revision=$(REVISION) -X $(STAMP).BuildDate=$(DATE)" \
			-o dist/seldon-prometheus-exporter-$$platform . || exit 1; \
	done

# What it leaves depends on the commit and on the version of Go alone: the chart is packed
# as git stores it, dated by the commit, by the Helm that the end-to-end test pins.
.PHONY: release
release: ## binaries, chart, SBOMs, provenance, checksums, in dist/; SIGNING_KEY= signs
	@test -z "$$(git status --porcelain)" || { echo "a release is made of a commit, and there are changes that are not in it: see git status"; exit 1; }
	@rm -rf dist
	@$(MAKE) --no-print-directory binaries
	@source="$$(mktemp -d)" && trap 'rm -rf "$$source"' EXIT && \
		git archive HEAD helm | tar -x -C "$$source" && \
		cd e2e/programs/helm && \
		CGO_ENABLED=0 go run -trimpath helm.sh/helm/v4/cmd/helm package "$$source/helm/seldon-prometheus-exporter" --destination $(CURDIR)/dist >/dev/null
	@cd release && go run . -dir ../dist -version $(VERSION) -revision $(REVISION) -time $$(git log -1 --format=%ct)
	@test -z "$(SIGNING_KEY)" || ssh-keygen -q -Y sign -n file -f "$(SIGNING_KEY)" dist/SHA256SUMS
	@cat dist/SHA256SUMS

IMAGE        ?= seldon-prometheus-exporter
ARCHITECTURE ?= $(shell go env GOARCH)
CONTAINERS   ?= $(firstword $(foreach tool,docker podman buildah,$(if $(shell command -v $(tool)),$(tool))))

.PHONY: image
image: binaries ## a container image, by docker, podman or buildah; ARCHITECTURE= and IMAGE= choose
	@test -n "$(CONTAINERS)" || { echo "there is no docker, podman or buildah here: install one"; exit 1; }
	@install -d -m 1777 dist/rootfs/tmp
	@$(CONTAINERS) build --platform linux/$(ARCHITECTURE) --build-arg TARGETARCH=$(ARCHITECTURE) \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) -t $(IMAGE):$(VERSION) .

HELM       ?= helm
NAMESPACE  ?= seldon-system
HELM_FLAGS ?=

.PHONY: helm-install
helm-install: ## install the chart, or upgrade it; HELM_FLAGS= passes more to helm
	@$(HELM) upgrade --install seldon-prometheus-exporter helm/seldon-prometheus-exporter \
		--namespace $(NAMESPACE) --create-namespace $(HELM_FLAGS)

.PHONY: helm-delete
helm-delete: ## remove what helm-install installed
	@$(HELM) uninstall seldon-prometheus-exporter --namespace $(NAMESPACE)

.PHONY: e2e
e2e: ## the chart in a real Kubernetes API, beside a real kube-state-metrics and Prometheus
	@cd e2e && go test -count=1 -timeout=60m -v .

# NODE_WINDOWS=10 tries so many windows of two minutes.
.PHONY: node
node: ## real containers on a real kubelet: the exporter beside the kernel's counters; takes root
	@cd e2e && go test -count=1 -timeout=90m -v ./sandbox ./node

.PHONY: node-report
node-report: ## docs/node.md: that, for ten windows
	@cd e2e && NODE_WINDOWS=$${NODE_WINDOWS:-10} NODE_REPORT=$(CURDIR)/docs/node.md go test -count=1 -timeout=90m -v ./node
