# geo-wordpress. `make up` brings the system up on the local cloud, `make test` tests it; `make help` lists the rest.

BIN := $(CURDIR)/.bin

# Fewer garbage collections while compiling: a sixth less time for a third more memory.
export GOGC ?= 400
# The tools are built by the Go that is here; nothing fetches another.
export GOTOOLCHAIN ?= local

# The engine asks for the plugin under the version of the SDK that the program uses.
SDK := $(shell awk '$$1 == "github.com/pulumi/pulumi-kubernetes/sdk/v4" { print $$2 }' go.mod)
PROVIDER := $(BIN)/plugins/resource-kubernetes-$(SDK)/pulumi-resource-kubernetes

.PHONY: help up down env test test-all doctor tools localcloud check unit engine drill faults workloads conformance conformance-check conformance-test conformance-servers conformance-files conformance-sites figures real-wordpress real-wordpress-test dashboard clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: tools ## create the whole system on the local cloud
	@tools/local up

down: tools ## destroy it, and list what is left
	@tools/local down

env: ## print the variables that make pulumi and kubectl use the local cloud, for eval
	@$(BIN)/localcloud env

test: check unit engine ## run the linters, the unit tests, and a stack's life cycle with the real engine

doctor: build-doctor ## check everything that an update on Google Cloud needs, before anything is made; STACK=name
	@$(BIN)/doctor $(if $(STACK),--stack $(STACK))

test-all: test faults conformance dashboard drill ## run all tests of CI (as root, on Debian, after tools/conformance/install)

# --- the tools, built from pinned Go modules -------------------------------------------------------------------------

tools: localcloud $(PROVIDER) $(BIN)/pulumi $(BIN)/pulumi-language-go program recover

# Not newer than the language host: later engines pass it the project's options (buildTarget, binary) in another form.
$(BIN)/pulumi: tools/pulumi/go.mod tools/pulumi/go.sum
	@tools/build "the Pulumi CLI" tools/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi $@ -ldflags=-s\ -w
	@touch $@

# In the local cloud's module: packages that it shares with the control plane are compiled once.
$(PROVIDER): localcloud/go.mod localcloud/go.sum localcloud/kubernetesprovider/main.go go.mod
	@tools/build "Pulumi's Kubernetes provider" localcloud ./kubernetesprovider $@ -ldflags="-s -w -X main.version=$(SDK:v%=%)"
	@touch $@

$(BIN)/pulumi-language-go: tools/language-go/go.mod tools/language-go/go.sum
	@tools/build "Pulumi's Go language host" tools/language-go github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go $@ -ldflags=-s\ -w
	@touch $@

$(BIN)/staticcheck: tools/lint/go.mod tools/lint/go.sum
	@tools/build staticcheck tools/lint honnef.co/go/tools/cmd/staticcheck $@
	@touch $@

# The control plane says which Kubernetes it is.
KUBERNETES := -X k8s.io/component-base/version.gitVersion=v1.33.3 \
	-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=33

# go build itself knows whether these two are up to date.
localcloud:
	@tools/build "the local cloud" localcloud . $(BIN)/localcloud -ldflags="-s -w $(KUBERNETES)"

# Pulumi builds the program again, from Go's cache; this shows the progress of the first time.
.PHONY: program recover
program:
	@tools/build "the program" . . $(BIN)/geo-wordpress

recover:
	@tools/build recover . ./tools/recover $(BIN)/recover

.PHONY: build-doctor reference
build-doctor:
	@tools/build doctor tools/doctor . $(BIN)/doctor -ldflags=-s\ -w

reference: ## write the parts of docs/ that are made from Pulumi.yaml and from the prices
	cd tools/docs && go run . ../..
	cd tools/doctor && go test -vet=off -count=1 -run '^TestPage$$' ./costs -update

.PHONY: movein
movein: ## build .bin/movein, which converts a site on MySQL or MariaDB into a backup: docs/moving-in.md
	@tools/build movein tools/movein . $(BIN)/movein -ldflags=-s\ -w

# --- the tests -------------------------------------------------------------------------------------------------------

check: $(BIN)/staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(BIN)/staticcheck ./...
	cd localcloud && go vet ./...
	for module in doctor docs; do (cd tools/$$module && go vet ./... && $(BIN)/staticcheck ./...) || exit 1; done
	@# Without the three packages that import all of Kubernetes, which takes staticcheck a quarter of an hour to analyse.
	cd localcloud && $(BIN)/staticcheck $$(go list ./... | grep -vx -e geo-wordpress/localcloud -e '.*/controlplane/components' -e '.*/kubernetesprovider')

# (check runs vet)
unit: # (with time for a machine that does more at once)
	go test -vet=off -timeout 30m ./...
	@# Not from the cache: they read files outside of their modules, which it does not follow.
	cd tools/doctor && go test -vet=off -count=1 ./...
	cd tools/docs && go test -vet=off -count=1 ./...
	cd localcloud && go test -vet=off -timeout 40m $$(go list ./... | grep -v /enginetest)

engine: tools
	cd localcloud && go test -vet=off -v -count=1 -timeout 60m -skip '^TestFault|^TestDrill$$' ./enginetest/...

faults: faults-regions faults-updates ## kill updates and destroys, interrupt them and inject faults; GEO_FAULTS=4 tests four times as many
# Regions that come and go take so long that CI runs them by themselves.
faults-regions: tools
	cd localcloud && go test -vet=off -v -count=1 -timeout 60m -run '^TestFaultRegion$$' ./enginetest/...
faults-updates: tools
	cd localcloud && go test -vet=off -v -count=1 -timeout 90m -run '^TestFault' -skip '^TestFaultRegion$$' ./enginetest/...

drill: tools ## take regions away from a stack under load, and measure what visitors notice
	cd localcloud && go test -vet=off -v -count=1 -timeout 30m -run '^TestDrill$$' ./enginetest/...

# --- the workloads, with the real software: docs/conformance.md -------------------------------------------------------

$(BIN)/pd-server: tools/pd/go.mod tools/pd/go.sum
	@tools/build "the Placement Driver" tools/pd github.com/tikv/pd/cmd/pd-server $@ -tags=without_dashboard -ldflags=-s\ -w
	@touch $@

# TiDB 8.5.6 panics unless Go 1.25 compiled it. tools/conformance/install unpacks Debian's Go 1.25.
GO_OF_TIDB := $(BIN)/go-1.25/usr/lib/go-1.25/bin

$(GO_OF_TIDB)/go:
	@echo "TiDB needs Go 1.25, which is not in .bin/go-1.25: run tools/conformance/install" >&2; exit 1

$(BIN)/tidb-server: tools/tidb/go.mod tools/tidb/go.sum | $(GO_OF_TIDB)/go
	@PATH="$(GO_OF_TIDB):$$PATH" tools/build TiDB tools/tidb github.com/pingcap/tidb/cmd/tidb-server $@ \
		-ldflags=-s\ -w\ -X\ github.com/pingcap/tidb/pkg/parser/mysql.TiDBReleaseVersion=v8.5.6
	@touch $@

# After TiDB, which has compiled nearly all of it.
$(BIN)/tikv-store: $(wildcard tools/tidb/store/*.go) tools/tidb/unistore.sh tools/tidb/go.mod tools/tidb/go.sum | $(BIN)/tidb-server
	@PATH="$(GO_OF_TIDB):$$PATH" tools/tidb/unistore.sh
	@PATH="$(GO_OF_TIDB):$$PATH" tools/build "the store that speaks TiKV's protocol" tools/tidb ./store $@ -ldflags=-s\ -w
	@touch $@

# Both are nearly all of TiDB's packages.
$(BIN)/dumpling: tools/tidb/go.mod tools/tidb/go.sum | $(BIN)/tidb-server
	@PATH="$(GO_OF_TIDB):$$PATH" tools/build Dumpling tools/tidb github.com/pingcap/tidb/dumpling/cmd/dumpling $@ -ldflags=-s\ -w
	@touch $@

$(BIN)/tidb-lightning: tools/tidb/go.mod tools/tidb/go.sum | $(BIN)/tidb-server
	@PATH="$(GO_OF_TIDB):$$PATH" tools/build "TiDB Lightning" tools/tidb github.com/pingcap/tidb/lightning/cmd/tidb-lightning $@ -ldflags=-s\ -w
	@touch $@

$(BIN)/rclone: tools/rclone/go.mod tools/rclone/go.sum tools/rclone/main.go
	@CGO_ENABLED=0 tools/build rclone tools/rclone . $@ -ldflags=-s\ -w\ -X\ github.com/rclone/rclone/fs.Version=v1.71.2
	@touch $@

# Without cgo, as in its image. noassets leaves out the GUI's files: they are generated, and the module lacks them.
$(BIN)/syncthing: tools/syncthing/go.mod tools/syncthing/go.sum
	@CGO_ENABLED=0 tools/build Syncthing tools/syncthing github.com/syncthing/syncthing/cmd/syncthing $@ -tags=noassets \
		-ldflags=-s\ -w\ -X\ github.com/syncthing/syncthing/lib/build.Version=v2.1.2
	@touch $@

WORKLOADS := $(BIN)/pd-server $(BIN)/tidb-server $(BIN)/tikv-store $(BIN)/syncthing
# What only the backups need.
BACKUPS := $(BIN)/dumpling $(BIN)/tidb-lightning $(BIN)/rclone
workloads: $(WORKLOADS) $(BACKUPS)

conformance: conformance-check ## run the declared workloads with the real software, as root
	@# Two at a time, each with its own networks and volumes: they mostly wait, but three are too much for two processors.
	@$(MAKE) --no-print-directory -j2 conformance-sites conformance-servers conformance-files

conformance-check: $(BIN)/staticcheck $(WORKLOADS) $(BACKUPS)
	@# Here and not in make test, because its SQL parser takes a minute to compile.
	cd tools/movein && go vet ./... && $(BIN)/staticcheck ./... && go test -vet=off ./...
	cd tools/conformance && go vet ./... && $(BIN)/staticcheck ./...
	cd tools/conformance && go test $$(go list ./... | grep -vx geo-wordpress/tools/conformance)

SERVERS := PD|TiDB|TLS|NFS
FILES := Syncthing|Disaster|Propagation|Backup
CONFORMANCE := cd tools/conformance && $(BIN)/conformance.test -test.v -test.timeout 60m
conformance-test: # linked once for the three
	@cd tools/conformance && go test -vet=off -c -ldflags=-s\ -w -o $(BIN)/conformance.test .
conformance-servers: conformance-test
	@$(CONFORMANCE) -test.run '$(SERVERS)' -test.skip Figures
conformance-files: conformance-test
	@$(CONFORMANCE) -test.run '$(FILES)' -test.skip '$(SERVERS)|Figures'
conformance-sites: conformance-test
	@$(CONFORMANCE) -test.skip '$(SERVERS)|$(FILES)|Figures'

figures: $(WORKLOADS) ## measure the figures in docs/figures.md, with the real software, as root
	cd tools/conformance && go test -v -count=1 -timeout 120m -run Figures . -uploads=100 -delays

real-wordpress: $(WORKLOADS) ## build the program for localcloud start --real-wordpress, and list what else it needs
	@tools/build "the real WordPress" tools/conformance ./site $(BIN)/real-wordpress -ldflags=-s\ -w
	@if $(BIN)/real-wordpress --check; then echo "localcloud start --real-wordpress can run on this machine"; fi

real-wordpress-test: tools real-wordpress ## create the system with the real WordPress, install it, and request it from every region
	cd tools/conformance && GEO_REAL_WORDPRESS=1 go test -v -count=1 -timeout 60m -run '^TestRealWordPress$$' ./site

dashboard: $(BIN)/staticcheck tools ## test the local cloud's dashboard in a browser (Debian's package chromium)
	cd tools/dashboard && go vet ./... && $(BIN)/staticcheck ./...
	cd tools/dashboard && go test -v -count=1 -timeout 30m ./...

clean: ## stop the local cloud and remove its state and the built tools
	@if [ -x $(BIN)/localcloud ]; then $(BIN)/localcloud reset --yes; fi
	rm -rf $(BIN)
