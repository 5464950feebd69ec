# Nothing but Go is needed. CGO_ENABLED=1 from the environment or the command line is respected.
export CGO_ENABLED ?= 0
GO ?= go

.PHONY: build test lint fmt-check cross bench clean

build:
	$(GO) build -trimpath -o bin/drift ./cmd/drift

test:
	$(GO) test ./...

lint: fmt-check cross
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

fmt-check:
	@bad=$$(gofmt -l .); \
	if [ -n "$$bad" ]; then echo "gofmt is needed: gofmt -w" $$bad; exit 1; fi

# Platforms without the amd64 assembly must build too, from any machine.
cross:
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO) build ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 $(GO) build ./...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean:
	rm -rf bin
