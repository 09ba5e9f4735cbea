"""Build and check a release, and write its notes and its version: `python -m release --help`."""

import argparse
import datetime
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from release import licences
from release.build import build, commit_of, committed, differences, missing_tools, run
from release.changes import notes
from release.check import try_all
from release.version import SOURCE, read, set_version, version_in

HOUSE: Final = Path(__file__).parents[1]


def check(version: str | None) -> None:
    """Build a release twice, compare, try each file, and leave the files in `dist` and the notes in `build`.

    Raises
    ------
    ValueError
        If the commit is of another version, or a tool is missing.
    RuntimeError
        If a step fails, the two builds differ, or a file does not work.
    """
    source = version_in(committed(HOUSE, SOURCE))
    version = (version or source).removeprefix("v")
    if version != source:
        raise ValueError(f"The commit is of version {source}: make set-version VERSION={version}, then commit.")
    if lacking := missing_tools(HOUSE):
        raise ValueError(f"A release needs what is not here: {', '.join(lacking)}.")
    said = notes(committed(HOUSE, "CHANGELOG.md"), version)
    commit, _ = commit_of(HOUSE)
    if run("git", "status", "--porcelain", cwd=HOUSE):
        print("What is not committed is not in this release.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        print(f"RetroRun {version} from {commit}", flush=True)
        one = build(HOUSE, work / "one", version=version)
        found = differences(one, build(HOUSE, work / "two", version=version))
        if found:
            raise RuntimeError(f"Built twice, these files differ: {', '.join(found)}")
        print(f"built twice: the same {len([*one.iterdir()])} files", flush=True)
        (work / "tried").mkdir()
        for line in try_all(work / "one" / "source", one, work / "tried", version=version):
            print(line, flush=True)
        dist = HOUSE / "dist"
        shutil.rmtree(dist, ignore_errors=True)
        shutil.copytree(one, dist)
    (HOUSE / "build").mkdir(exist_ok=True)
    (HOUSE / "build" / "notes.md").write_text(said, encoding="utf-8")
    print(read(dist / "SHA256SUMS"), end="")


def main() -> None:
    """Do what the command line says; an error is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checked = commands.add_parser("check", help="build a release twice, compare, and try each file")
    checked.add_argument("version", nargs="?", help="as 1.2.3, or 1.2.3.dev0; by default that of the source")
    written = commands.add_parser("set-version", help="write a version into every file that names it")
    written.add_argument("version", help="as 1.2.3, or 1.2.3.dev0")
    commands.add_parser("licences", help="write requirements/licences.csv anew")
    options = parser.parse_args()
    try:
        if options.command == "check":
            check(options.version)
        elif options.command == "set-version":
            day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
            print(*set_version(HOUSE, options.version.removeprefix("v"), day), sep="\n")
        else:
            licences.write()
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
