#!/bin/sh
# Write the bill of materials (CycloneDX, JSON) of an environment in which RetroRun is installed.
#   sbom.sh CYCLONEDX_PY PYTHON_OF_THE_ENVIRONMENT OUTPUT
# Run it in the folder of pyproject.toml. The output has no time and no random number: equal environments give equal bytes.
set -eu
described=$(mktemp)
trap 'rm -f "$described"' EXIT
# The package has the version, but the tool reads only pyproject.toml.
version=$("$2" -c 'from importlib.metadata import version; print(version("retrorun"))')
sed "s/^dynamic = .*/version = \"$version\"/" pyproject.toml > "$described"
"$1" environment --pyproject "$described" --mc-type application --spec-version 1.6 --output-reproducible \
    --output-file "$3" "$2"
