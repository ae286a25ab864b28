# How `sam build` makes every function and layer (ADR 0001): no Docker, any Python on this machine.
#
# The template points ContextPath at layers/targets/<runtime>-<architecture>/, whose Makefile includes this file; so the
# folder's name says what to build for. `sam build` copies CodeUri or ContentUri to a scratch folder and calls
# build-<LogicalId> there with ARTIFACTS_DIR.

SHELL := bash
# Trust what this machine trusts: a company's own CA, too.
export UV_SYSTEM_CERTS := true
.SHELLFLAGS := -euo pipefail -c

TARGET := $(notdir $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST)))))
RUNTIME := $(word 1,$(subst -, ,$(TARGET)))
ARCHITECTURE := $(word 2,$(subst -, ,$(TARGET)))
MACHINE := $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)
# Python 3.11 runs on Amazon Linux 2 (glibc 2.26), later ones on Amazon Linux 2023 (glibc 2.34).
PLATFORM := $(MACHINE)-manylinux$(if $(filter python3.11,$(RUNTIME)),2014,_2_28)

# Bytecode for this minor version only, never checked against the sources: a zip changes their times, and a runtime that
# recompiles at every cold start takes twice as long. Without that Python on the machine the sources work as they are.
compile = if $(RUNTIME) -c '' 2>/dev/null; then \
	$(RUNTIME) -m compileall -q -f --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p $(1) "$(ARTIFACTS_DIR)"; \
	else echo "$(RUNTIME) is not on this machine: built without bytecode" >&2; fi

# copy FOLDER: the scratch folder's sources to that folder of the artifact.
copy = mkdir -p "$(ARTIFACTS_DIR)/$(1)" && cp -R . "$(ARTIFACTS_DIR)/$(1)" \
	&& find "$(ARTIFACTS_DIR)/$(1)" -name __pycache__ -prune -exec rm -rf {} +

.PHONY: build-SharedLayer
build-SharedLayer:
	$(call copy,python/shared)
	$(call compile,/opt)

# Wheels of the scratch folder's requirements.txt (from the lock, with hashes), copied: uv would link files of its cache,
# and what is stripped and compiled here must not change under the programs that use the same files. Debug symbols of
# extension modules are nine tenths of zstandard: every cold start would carry them.
build-%Layer:
	uv pip install --quiet --no-config --link-mode copy --no-deps --only-binary :all: --require-hashes --python-version $(RUNTIME:python%=%) \
		--python-platform $(PLATFORM) --target "$(ARTIFACTS_DIR)/python" --requirement requirements.txt
	rm -rf "$(ARTIFACTS_DIR)/python/bin" "$(ARTIFACTS_DIR)/python/.lock"
	if [ "$$(uname -m)" = "$(MACHINE)" ] && command -v strip >/dev/null; then \
		find "$(ARTIFACTS_DIR)" -name '*.so' -exec strip --strip-unneeded {} +; fi
	$(call compile,/opt)

# OciPullFunction is functions/oci_pull.
build-%Function:
	name=$$(sed -E 's/([a-z])([A-Z])/\1_\2/g' <<< "$*" | tr '[:upper:]' '[:lower:]')
	$(call copy,functions/$$name)
	touch "$(ARTIFACTS_DIR)/functions/__init__.py"
	$(call compile,/var/task)

.ONESHELL:
.SILENT:
