"""The changelog: the notes of a version, and the heading that it gets."""

import re
from typing import Final

UNRELEASED: Final = "## [Unreleased]\n"
REPOSITORY: Final = "https://github.com/retrorun/retrorun"


def is_final(version: str) -> bool:
    """Return whether a version is a release, and no version between two.

    Examples
    --------
    >>> is_final("1.2.3"), is_final("1.2.3.dev0")
    (True, False)
    """
    return re.fullmatch(r"\d+\.\d+\.\d+", version) is not None


def notes(changelog: str, version: str) -> str:
    r"""Return what the changelog says of a version; of one between two releases, what is unreleased.

    Raises
    ------
    ValueError
        If there is no such section of a release, or nothing in it.

    Examples
    --------
    >>> notes("# Changelog\n\n## [0.2.0] - 2026-01-31\n\n- Faster.\n\n## [0.1.0] - 2026-01-01\n", "0.2.0")
    '- Faster.\n'
    """
    name = version if is_final(version) else "Unreleased"
    found = re.search(
        rf"^## \[{re.escape(name)}\](?: - \d{{4}}-\d\d-\d\d)?\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    said = linked(found[1].strip(), version) if found else ""
    if is_final(version) and not said:
        raise ValueError(f"CHANGELOG.md has nothing under [{version}]: set the version first, make set-version.")
    return said + "\n"


def linked(said: str, version: str) -> str:
    """Return a text with the links to files of the repository as addresses of a version: a release is no folder.

    Examples
    --------
    >>> linked("[a](docs/a.md), [b](https://example.com/)", "0.2.0")
    '[a](https://github.com/retrorun/retrorun/blob/v0.2.0/docs/a.md), [b](https://example.com/)'
    """
    return re.sub(r"\]\((?!https?://|#)", f"]({REPOSITORY}/blob/v{version}/", said)


def headed(changelog: str, version: str, day: str) -> str:
    r"""Return the changelog with what is unreleased under the heading of a version.

    Raises
    ------
    ValueError
        If nothing is unreleased, or the version has a heading.

    Examples
    --------
    >>> headed("## [Unreleased]\n\n- Faster.\n", "0.2.0", "2026-01-31")
    '## [Unreleased]\n\n## [0.2.0] - 2026-01-31\n\n- Faster.\n'
    """
    if f"\n## [{version}]" in changelog:
        raise ValueError(f"CHANGELOG.md has [{version}] already: give the next version.")
    if not notes(changelog, "Unreleased").strip():
        raise ValueError("CHANGELOG.md has nothing under [Unreleased].")
    return changelog.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {day}\n", 1)
