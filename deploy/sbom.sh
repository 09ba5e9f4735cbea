#!/bin/sh
# Write the bill of materials (CycloneDX, JSON) of an environment that RetroRun is installed in.
#   sbom.sh CYCLONEDX_PY PYTHON_OF_THE_ENVIRONMENT OUTPUT
# Run where pyproject.toml is. The same environment gives the same bytes: no time, no random number.
set -eu
described=$(mktemp)
trap 'rm -f "$described"' EXIT
# The version stands in the package, and the tool reads only what stands in the file.
version=$("$2" -c 'from importlib.metadata import version; print(version("retrorun"))')
sed "s/^dynamic = .*/version = \"$version\"/" pyproject.toml > "$described"
"$1" environment --pyproject "$described" --mc-type application --spec-version 1.6 --output-reproducible \
    --output-file "$3" "$2"
