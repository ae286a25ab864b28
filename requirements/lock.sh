#!/usr/bin/env bash
# Writes requirements.lock, requirements/bootstrap.txt and the layers' requirements.txt; versions change only where they
# must (or with --upgrade).
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
  uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@" >/dev/null
}

compile pyproject.toml --group test --group check --group local --group bench --output-file requirements.lock "$@"
compile requirements/bootstrap.in --constraints requirements.lock --output-file requirements/bootstrap.txt
for layer in dependencies oci health; do
  compile "layers/$layer/requirements.in" --constraints requirements.lock --output-file "layers/$layer/requirements.txt"
done
