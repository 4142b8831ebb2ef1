# The entry points. `make help` explains them.
PREFIX ?= /usr/local
RUNTIME ?=
DESTDIR ?=

.PHONY: help build demo test test-vm conformance fuzz bench install clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo                  install what is missing, build, run the built-in image step by step'
	@echo 'make test                  install what tests need, run every check, end in one line of counts'
	@echo 'make conformance RUNTIME=   judge runtimes side by side: ours, runc and crun, or those named'
	@echo 'make test-vm               the cases that need systemd, cgroup v2 alone, AppArmor: in a machine of QEMU'
	@echo 'make fuzz SECONDS=60       fuzz what the programs read'
	@echo 'make build                 build the programs in release, static where possible'
	@echo 'make install PREFIX=/usr/local DESTDIR=   programs, man pages, completions'
	@echo 'make bench                 compare with runc, crun, podman and skopeo+umoci on this machine'
	@echo 'make clean                 remove what was built'

build:
	@scripts/install-packages build
	@scripts/build

demo: build
	@scripts/demo

test:
	@scripts/install-packages test
	@scripts/test

conformance:
	@scripts/install-packages conformance
	@scripts/build
	@scripts/conformance $(RUNTIME)

# Makes its machine where it is missing: some 15 minutes, once.
test-vm:
	@scripts/test-vm

SECONDS ?= 60
fuzz:
	@scripts/install-packages build
	@scripts/fuzz $(SECONDS)

bench:
	@scripts/install-packages test
	@scripts/build
	@scripts/bench

# Installs what `make build` built: the build and the installation may be two users.
install:
	@scripts/build
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install

clean:
	cargo clean
