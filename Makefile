# SPDX-License-Identifier: GPL-2.0
#
# capipc: module, library, tools and tests.  See "make help".

KERNEL ?= stock
PREFIX ?= /usr/local
DESTDIR ?=

export PREFIX DESTDIR
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

.PHONY: all help
all: module lib tools

help:
	@sed -n 's/^#: //p' $(firstword $(MAKEFILE_LIST))

#: make demo           see it work: the updater story in a guest
#: make check          everything that can be checked, on stock and debug; on newer
#:                     kernels some of it
#: make check-kernels  all tests on Debian's 6.1, 6.12 and 7.x
#: make shell          a shell in a guest with the module (KERNEL=debug)
#:
#: make                module, library and tools, into build/
#: make module         build/KERNEL/capipc.ko (KERNEL=stock, stock-6.12, stock-7,
#:                     debug or kcsan)
#: make lib            libcapipc and its examples
#: make tools          the command-line tools
#: make selftests      the tests of the module
#: make install        library and tools, with DESTDIR and PREFIX
#: make uninstall
#: make check-static   only what needs no guest
#: make check-stock    only the tests on Debian's kernel
#: make check-debug    only those on the debug kernel
#: make fuzz           fuzz the module: MINUTES=10 SEED=1
#: make coverage       how much of the module tests and fuzzing run
#: make check-kcsan    the tests that race, on a kernel that looks for data races
#: make bench          what capipc and others take for the same work: docs/performance.md
#: make bench-check    does it still take what that page says
#: make bench-update   make the page say what it takes
#: make model          search a model of the collector for errors, with spin
#: make format         clang-format on what runs in user space
#: make clean          remove build/; the cache (~/.cache/capipc) stays
#:
#: For the running kernel, without Debian or QEMU:
#:   make -C /lib/modules/$(uname -r)/build M=$PWD modules

# ------------------------------------------------------------------- building

.PHONY: packages module lib tools selftests
packages:
	@qemu/install-packages

module: packages
	@qemu/module $(KERNEL)

lib:
	@$(MAKE) -C libcapipc O=$(CURDIR)/build/libcapipc all

tools: lib
	@$(MAKE) -C tools O=$(CURDIR)/build/tools all

# Installed into build/selftests, as they are to go into a guest.
SELFTESTS = $(MAKE) -j$$(nproc) -C selftests KSFT=$$(qemu/ksft)/tools/testing/selftests \
	OUTPUT=$(CURDIR)/build/selftests-objects
selftests: packages
	@mkdir -p build/selftests-objects
	@$(SELFTESTS) all
	@rm -rf build/selftests
	@$(SELFTESTS) install INSTALL_PATH=$(CURDIR)/build/selftests

# -------------------------------------------------------------------- running

.PHONY: demo shell
DEMO := build/libcapipc/examples/updater
demo: packages
	@echo "== building (the first time fetches a kernel)" >&2
	@$(MAKE) all KERNEL=$(KERNEL) > /dev/null
	@echo "== booting $(KERNEL)" >&2
	@qemu/run --kernel $(KERNEL) --timeout 300 --file $(DEMO):/root/updater \
		--file build/tools/capipc:/usr/local/bin/ \
		-- /root/updater/updater-demo

shell: packages all
	@qemu/run --kernel $(KERNEL) --timeout 86400 \
		--file build/tools/capipc:/usr/local/bin/ \
		--file $(DEMO):/root/updater

# ------------------------------------------------------------------- checking

CHECK_KERNELS := check-stock check-stock-6.12 check-stock-7 check-debug
.PHONY: check check-kernels check-static $(CHECK_KERNELS) format
check:
	@qemu/check

check-static: packages
	@qemu/check packages static

check-kernels:
	@qemu/check packages kernels modules userspace stock stock-6.12 stock-7

$(CHECK_KERNELS): check-%:
	@qemu/check packages userspace $*

# Not part of check: the first time it builds one more kernel.
.PHONY: check-kcsan
check-kcsan:
	@qemu/check packages userspace kcsan

# Not part of check: it takes spin, and the whole machine for minutes.
.PHONY: model
model:
	@qemu/install-packages model
	@selftests/model/run

# See docs/performance.md. It takes minutes, but no quiet machine.
.PHONY: bench bench-check bench-update
bench: packages
	@qemu/install-packages bench
	@qemu/bench

bench-check bench-update: bench-%: packages
	@qemu/install-packages bench
	@qemu/bench --$*

# See docs/testing.md.
.PHONY: fuzz coverage
MINUTES ?= 10
SEED ?= 1
fuzz: packages
	@qemu/fuzz --minutes $(MINUTES) --seed $(SEED)

coverage: packages
	@qemu/coverage

format:
	@qemu/check-static --format

# ----------------------------------------------------------------- installing

.PHONY: install uninstall clean
install: lib tools
	@$(MAKE) -C libcapipc O=$(CURDIR)/build/libcapipc install
	@$(MAKE) -C tools O=$(CURDIR)/build/tools install

uninstall:
	@$(MAKE) -C libcapipc O=$(CURDIR)/build/libcapipc uninstall
	@$(MAKE) -C tools O=$(CURDIR)/build/tools uninstall

clean:
	rm -rf build
