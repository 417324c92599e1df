GO ?= go
LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 20s

.PHONY: help run build test judges bench lint fuzz

help: ## print this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t12

run: build ## start Sotto and the mock bank for development
	@bin/sotto serve --dev

build: ## build bin/sotto
	@CGO_ENABLED=0 $(GO) build -trimpath -o bin/sotto ./cmd/sotto

test: ## run every test there is, judges included
	@tests/run test

judges: ## run only the judges from outside
	@tests/run judges

bench: ## measure, as ratios against a baseline in the same run
	@tests/run bench

lint: ## run the linters
	@$(GO) run $(LINT) run ./...

fuzz: ## fuzz every parser of other people's bytes for FUZZTIME each
	@FUZZTIME=$(FUZZTIME) tests/run fuzz
