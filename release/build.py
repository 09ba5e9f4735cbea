"""Every file of a release, made from one commit: the same bytes each time."""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from release.version import read

CLIENTS: Final = Path(__file__).parent / "clients"
TYPESCRIPT: Final = Path("tests/clients/typescript")
CHECKSUMS: Final = "SHA256SUMS"
TOOLS: Final = ("git", "java", "make", "node", "npm")

SOURCES: Final = {
    "kotlin": ("README.md", "build.gradle", "settings.gradle", "docs", "src"),
    "swift": ("README.md", "Package.swift", "docs", "Sources"),
}
"""What an archive holds of a client that users compile. The generator also writes the binary of a build tool."""

GENERATED_VERSION: Final = "'1.0.0'"
"""The version that the generator writes into every client in Kotlin: of the build, and of what it publishes."""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command and return what it prints.

    Raises
    ------
    RuntimeError
        If it fails: with the end of what it prints.
    """
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"}}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=kept | environment, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"{Path(command[0]).name} failed in the release:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
    return done.stdout


def names(version: str) -> dict[str, str]:
    """Return the name of each file of a release.

    Examples
    --------
    >>> names("0.2.0")["wheel"]
    'retrorun-0.2.0-py3-none-any.whl'
    """
    return {
        "sdist": f"retrorun-{version}.tar.gz",
        "wheel": f"retrorun-{version}-py3-none-any.whl",
        "python": f"retrorun_client-{version}-py3-none-any.whl",
        "npm": f"retrorun-client-{npm_version(version)}.tgz",
        "kotlin": f"retrorun-client-kotlin-{version}.tar.gz",
        "swift": f"retrorun-client-swift-{version}.tar.gz",
        "contract": f"retrorun-{version}.openapi.json",
        "sbom": f"retrorun-{version}.cdx.json",
    }


def npm_version(version: str) -> str:
    """Return a version as npm writes it.

    Examples
    --------
    >>> npm_version("0.2.0"), npm_version("0.2.0.dev0")
    ('0.2.0', '0.2.0-dev.0')
    """
    return re.sub(r"\.dev(\d+)$", r"-dev.\1", version)


def missing_tools(house: Path) -> list[str]:
    """Return the programs without which a release cannot be built here."""
    found = [name for name in TOOLS if not shutil.which(name)]
    if not (house / TYPESCRIPT / "node_modules").is_dir():
        found.append(f"{TYPESCRIPT}/node_modules (make typescript)")
    return found


def commit_of(house: Path) -> tuple[str, str]:
    """Return the hash of the commit that is checked out, and its time in seconds since 1970."""
    commit, seconds = run("git", "log", "-1", "--format=%H %ct", cwd=house).split()
    return commit, seconds


def committed(house: Path, name: str) -> str:
    """Return the text of a file as the commit that is checked out has it."""
    return run("git", "show", f"HEAD:{name}", cwd=house)


def checked_out(house: Path, to: Path) -> Path:
    """Write the files of the commit that is checked out into a new folder, without what is not committed."""
    to.mkdir(parents=True)
    archive = to.with_suffix(".tar")
    run("git", "archive", "--output", archive, "HEAD", cwd=house)
    with tarfile.open(archive) as file:
        file.extractall(to, filter="data")
    archive.unlink()
    (to / TYPESCRIPT / "node_modules").symlink_to((house / TYPESCRIPT / "node_modules").resolve())
    return to


def archive(target: Path, folder: Path, parts: tuple[str, ...], *, seconds: int) -> None:
    """Write parts of a folder as `.tar.gz`: the same bytes for the same files, whatever their times and owners.

    Parameters
    ----------
    target : Path
        The archive. Its name without `.tar.gz` is the folder in it.
    folder : Path
        Where the parts are.
    parts : tuple of str
        Names of files and folders.
    seconds : int
        The time of everything in the archive, in seconds since 1970.
    """
    top = target.name.removesuffix(".tar.gz")
    files = [path for part in parts for path in (folder / part, *(folder / part).rglob("*")) if path.is_file()]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(f"{top}/{path.relative_to(folder).as_posix()}")
            entry.size, entry.mtime, entry.mode = path.stat().st_size, seconds, 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)
    target.write_bytes(gzip.compress(plain.getvalue(), mtime=0))


def template(name: str, to: Path, words: dict[str, str]) -> None:
    """Copy the files of a package of a client, with each of the words replaced by another."""
    to.mkdir(parents=True, exist_ok=True)
    for path in (CLIENTS / name).iterdir():
        text = read(path)
        for word, value in words.items():
            text = text.replace(word, value)
        (to / path.name).write_text(text, encoding="utf-8")


def hatch(target: str, source: Path, dist: Path, *, seconds: str) -> None:
    """Build `sdist` or `wheel` with the hatchling of this environment."""
    program = f"import sys; from hatchling.build import build_{target}; build_{target}(sys.argv[1])"
    run(sys.executable, "-c", program, dist, cwd=source, SOURCE_DATE_EPOCH=seconds)


def build_packages(source: Path, dist: Path, *, version: str, seconds: str) -> None:
    """Build the archive of the source, and from it the wheel, as one is built from the source itself.

    Raises
    ------
    RuntimeError
        If these two wheels differ: then the archive lacks a file, or has one too many.
    """
    hatch("sdist", source, dist, seconds=seconds)
    unpacked, direct = dist.with_name("unpacked"), dist.with_name("direct")
    with tarfile.open(dist / names(version)["sdist"]) as file:
        file.extractall(unpacked, filter="data")
    hatch("wheel", unpacked / f"retrorun-{version}", dist, seconds=seconds)
    hatch("wheel", source, direct, seconds=seconds)
    wheel = names(version)["wheel"]
    if (dist / wheel).read_bytes() != (direct / wheel).read_bytes():
        raise RuntimeError(f"{wheel} built from the archive of the source is not the one built from the source.")


def build_clients(source: Path, dist: Path, *, version: str, seconds: str) -> None:
    """Make the four clients from the contract, and a package or an archive of each."""
    run(sys.executable, "-m", "tests.clients.generate", cwd=source)
    made = source / "build" / "clients"
    for language in ("python", "typescript", *SOURCES):
        shutil.copy(source / "LICENSE", made / language)

    template("python", made / "python", {"0.0.0": version})
    (made / "python" / "retrorun_client" / "py.typed").touch()  # the generator leaves it out
    hatch("wheel", made / "python", dist, seconds=seconds)

    needed = json.loads(read(source / TYPESCRIPT / "package.json"))["dependencies"]
    template("npm", made / "typescript", {"0.0.0": npm_version(version), "0.0.1": f"^{needed['openapi-fetch']}"})
    run("npm", "pack", "--silent", "--pack-destination", dist, cwd=made / "typescript")

    gradle = made / "kotlin" / "build.gradle"
    gradle.write_text(read(gradle).replace(GENERATED_VERSION, f"'{version}'"), encoding="utf-8")
    for language, parts in SOURCES.items():
        archive(dist / names(version)[language], made / language, ("LICENSE", *parts), seconds=int(seconds))


def checksums(dist: Path) -> str:
    """Return the checksum of each file in a folder, as `sha256sum` writes and checks them."""
    paths = sorted(path for path in dist.iterdir() if path.name != CHECKSUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths)


def build(house: Path, work: Path, *, version: str) -> Path:
    """Make every file of a release from the commit that is checked out, and return their folder.

    Parameters
    ----------
    house : Path
        The folder of the repository.
    work : Path
        A new folder to work in.
    version : str
        The version of the source.

    Raises
    ------
    RuntimeError
        If a command fails, or the build makes other files than a release has.
    """
    source, dist = checked_out(house, work / "source"), work / "dist"
    dist.mkdir()
    _, seconds = commit_of(house)
    build_packages(source, dist, version=version, seconds=seconds)
    build_clients(source, dist, version=version, seconds=seconds)
    shutil.copy(source / "openapi" / "openapi.json", dist / names(version)["contract"])
    run("make", "sbom", f"VENV={sys.prefix}", cwd=source)
    shutil.copy(source / "dist" / "sbom.cdx.json", dist / names(version)["sbom"])
    made, expected = {path.name for path in dist.iterdir()}, set(names(version).values())
    if made != expected:
        raise RuntimeError(f"The build made other files than a release has: {sorted(made ^ expected)}")
    (dist / CHECKSUMS).write_text(checksums(dist), encoding="utf-8")
    return dist


def differences(one: Path, other: Path) -> list[str]:
    """Return the names of the files that differ between two folders, or are in one of them alone."""
    lines = [set(checksums(folder).splitlines()) for folder in (one, other)]
    return sorted({line.split()[1] for line in lines[0] ^ lines[1]})
