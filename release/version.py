"""The version in every file that names it."""

import re
from pathlib import Path
from typing import Final

from release.changes import headed, is_final

SOURCE: Final = "models/__init__.py"

PLACES: Final = {
    "SECURITY.md": r"(?<=retrorun:)\d[\w.]*",
    "CITATION.cff": r"(?<=^version: )\S+$",
    SOURCE: r'(?<=^__version__ = ")[^"]+(?="$)',
    "Dockerfile": r"(?<=^ARG VERSION=)\S+$",
    "deploy/compose.yaml": r"(?<=image: retrorun:)\S+$",
    "deploy/kubernetes/check/kustomization.yaml": r"(?<=newTag: )\S+$",
    "deploy/kubernetes/kustomization.yaml": r"(?<=newTag: )\S+$",
    "docs/operations.md": r"(?<=retrorun:)\d[\w.]*",
}
"""Where the version stands, beside the contract, which is made from the first."""

VERSION: Final = r"\d+\.\d+\.\d+(\.dev\d+)?"


def version_of(house: Path) -> str:
    """Return the version of the source in a folder."""
    return version_in(read(house / SOURCE))


def version_in(text: str) -> str:
    """Return the version that the text of `models/__init__.py` has."""
    (found,) = re.findall(PLACES[SOURCE], text, re.MULTILINE)
    return str(found)


def read(path: Path) -> str:
    """Return the text of a file."""
    return path.read_text(encoding="utf-8")


def replaced(text: str, pattern: str, new: str, *, name: str) -> str:
    """Return a text with a new value everywhere a pattern is found.

    Raises
    ------
    ValueError
        If it is found nowhere.
    """
    text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
    if not count:
        raise ValueError(f"{name} names no version where release/version.py looks for it.")
    return text


def set_version(house: Path, version: str, day: str) -> list[str]:
    """Write a version into every file that names it, and return these files.

    A final version also gets its heading in the changelog. CITATION.cff has the day of a final version, and none else.

    Parameters
    ----------
    house : Path
        The folder of the repository.
    version : str
        As `1.2.3`, or `1.2.3.dev0` between two releases.
    day : str
        The day of the release, as `2026-01-31`.

    Raises
    ------
    ValueError
        If the version has another form, or a file names none.
    """
    if not re.fullmatch(VERSION, version):
        raise ValueError("Give VERSION as 1.2.3, or as 1.2.3.dev0 between two releases.")
    written = {name: replaced(read(house / name), pattern, version, name=name) for name, pattern in PLACES.items()}
    written["CITATION.cff"] = re.sub(r"^date-released: .*\n", "", written["CITATION.cff"], flags=re.MULTILINE)
    if is_final(version):
        written["CITATION.cff"] += f"date-released: {day}\n"
        written["CHANGELOG.md"] = headed(read(house / "CHANGELOG.md"), version, day)
    for name, text in written.items():
        (house / name).write_text(text, encoding="utf-8")
    return sorted(written)
