"""Each file of a release, installed in an empty environment and used as a stranger would."""

import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from release.build import CHECKSUMS, SOURCES, TYPESCRIPT, checksums, names, npm_version, run
from release.version import read
from tests.clients.native import missing

ADDRESS: Final = "http://127.0.0.1:8000"
"""The address in the programs of docs/clients.md."""
WITHIN_S: Final = 60.0
AT_ONCE: Final = {"RETRORUN_DRAIN_TIME_S": "0"}
"""The whole environment of the service: nothing of this checkout, and no wait for a proxy at its end."""


def require(condition: object, what: str) -> None:
    """Raise `RuntimeError` with what is wrong, unless a condition holds."""
    if not condition:
        raise RuntimeError(what)


def environment(folder: Path, *requirements: str | Path) -> Path:
    """Make an empty environment, install the requirements in it at once, and return its Python."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    install(python, *requirements)
    return python


def install(python: Path, *requirements: str | Path) -> None:
    """Install requirements into the environment of a Python."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", python, "install")
    run(*pip, *requirements, cwd=python.parent)


@contextmanager
def serving(python: Path, log: Path) -> Iterator[str]:
    """Run the service that is installed beside a Python, on a free port of this machine, and yield its address."""
    command = [str(python.with_name("retrorun")), "serve", "--host", "127.0.0.1", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=log.parent, env=AT_ONCE, stdout=output, stderr=output)
    try:
        end = time.monotonic() + WITHIN_S
        while not (found := re.search(r"listens on (http://127\.0\.0\.1:\d+)", read(log))):
            require(
                process.poll() is None and time.monotonic() < end, f"The service did not start:\n{read(log)[-3000:]}"
            )
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait(WITHIN_S)


def shown(house: Path, language: str) -> str:
    """Return the first program of a language, or its output, in docs/clients.md."""
    found = re.search(rf"^```{language}\n(.*?)^```$", read(house / "docs" / "clients.md"), re.MULTILINE | re.DOTALL)
    require(found, f"docs/clients.md shows no program in {language}.")
    assert found is not None  # `require` has raised
    return found[1]


def service(dist: Path, python: Path, log: Path, *, version: str) -> None:
    """Ask an installed service for its version and its contract, and send it every golden request.

    Raises
    ------
    RuntimeError
        If it answers anything but what the release says.
    """
    command = python.with_name("retrorun")
    said = run(command, "--version", cwd=log.parent)
    require(version in said.split(), f"`retrorun --version` says {said.strip()}, and not {version}.")
    with serving(python, log) as address:
        served = httpx.get(f"{address}/openapi.json").json()
        contract = json.loads(read(dist / names(version)["contract"]))
        require(served == contract, "The service has another contract than the release: make openapi.")
        run(command, "check", address, cwd=log.parent)


def python_client(house: Path, dist: Path, work: Path, address: str, *, version: str) -> None:
    """Install the Python client, check the types of the documented program, and run it."""
    python = environment(work / "python-client", dist / names(version)["python"])
    program, wrong = work / "program.py", work / "wrong.py"
    program.write_text(shown(house, "python").replace(ADDRESS, address), encoding="utf-8")
    wrong.write_text(read(program).replace("body_mass_kg", "body_mass"), encoding="utf-8")
    mypy = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", python)
    run(*mypy, program, cwd=work)
    refused(*mypy, wrong, cwd=work)
    said = run(python, program, cwd=work)
    require(said == shown(house, "text"), f"The Python client prints {said!r}.")


def npm_client(house: Path, dist: Path, work: Path, address: str, *, version: str) -> None:
    """Install the npm package, compile the documented program with it, and run it."""
    folder = work / "npm-client"
    folder.mkdir()
    tools = json.loads(read(house / TYPESCRIPT / "package.json"))["devDependencies"]
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    packages = [f"{name}@{tools[name]}" for name in ("typescript", "@types/node")]
    run("npm", "install", "--silent", "--no-audit", "--no-fund", dist / names(version)["npm"], *packages, cwd=folder)
    installed = json.loads(read(folder / "node_modules" / "retrorun-client" / "package.json"))["version"]
    require(installed == npm_version(version), f"The npm package is of version {installed}.")
    program = re.sub(r"^import .*\n", "", shown(house, "ts"), flags=re.MULTILINE).replace(ADDRESS, address)
    program = program.replace("createClient<paths>", "createRetroRunClient")
    program = f'import {{ createRetroRunClient }} from "retrorun-client";\n{program}'
    (folder / "program.ts").write_text(program, encoding="utf-8")
    (folder / "wrong.ts").write_text(program.replace("body_mass_kg", "body_mass"), encoding="utf-8")
    tsc = (folder / "node_modules" / ".bin" / "tsc", "--strict", "--target", "es2022", "--module", "nodenext")
    run(*tsc, "program.ts", cwd=folder)
    refused(*tsc, "--noEmit", "wrong.ts", cwd=folder)
    said = run("node", "program.js", cwd=folder)
    require(said == shown(house, "text"), f"The npm package prints {said!r}.")


def refused(*command: str | Path, cwd: Path) -> None:
    """Raise `RuntimeError` if a check of types accepts a field that the contract does not have."""
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    require(
        done.returncode and "body_mass" in done.stdout, f"{Path(command[0]).name} accepts a field that does not exist."
    )


def native_client(language: str, dist: Path, work: Path, *, version: str) -> None:
    """Unpack a client that users compile, and look for every name of the contract in it."""
    name = names(version)[language]
    with tarfile.open(dist / name) as file:
        file.extractall(work / "native", filter="data")
    (work / "native" / name.removesuffix(".tar.gz")).rename(work / "native" / language)
    if language == "kotlin":
        gradle = read(work / "native" / language / "build.gradle")
        published = {*re.findall(r"^ *version\s*=?\s*'(.*)'", gradle, re.MULTILINE)}
        require(published == {version}, f"{name} is published as {published}")
    lacks = missing(language, work / "native")
    require(not lacks, f"{name} lacks {lacks}")


def bill_of_materials(house: Path, dist: Path, *, version: str) -> None:
    """Compare the bill of materials with the lock."""
    bill = json.loads(read(dist / names(version)["sbom"]))
    subject = bill["metadata"]["component"]
    require(
        (subject["name"], subject["version"]) == ("retrorun", version), "The bill of materials is of something else."
    )
    listed = {(each["name"].lower().replace("_", "-"), each["version"]) for each in bill["components"]}
    locked = {*re.findall(r"^([\w-]+)==(\S+)", read(house / "requirements" / "runtime.txt"), re.MULTILINE)}
    lacks = locked - listed
    require(not lacks, f"The bill of materials lacks {sorted(lacks)}.")


def try_all(house: Path, dist: Path, work: Path, *, version: str) -> Iterator[str]:
    """Try each file of a release, and yield a line for each that works.

    Parameters
    ----------
    house : Path
        The files of the commit that the release is made from.
    dist : Path
        The files of the release.
    work : Path
        An empty folder.
    version : str
        The version of the release.

    Raises
    ------
    RuntimeError
        If one does not work: with what is wrong.
    """
    files = names(version)
    require(read(dist / CHECKSUMS) == checksums(dist), f"{CHECKSUMS} does not fit the files.")
    yield f"{CHECKSUMS} fits"
    bill_of_materials(house, dist, version=version)
    yield f"{files['sbom']} has every locked package"

    locked = environment(work / "sdist", "--require-hashes", "-r", house / "requirements" / "runtime.txt")
    install(locked, "--no-deps", dist / files["sdist"])
    service(dist, locked, work / "sdist.log", version=version)
    yield f"{files['sdist']} with the locked packages: installed, serves the contract, passes `retrorun check`"

    newest = environment(work / "wheel", f"{dist / files['wheel']}[track]")
    service(dist, newest, work / "wheel.log", version=version)
    yield f"{files['wheel']} with the newest packages: installed, serves the contract, passes `retrorun check`"

    with serving(newest, work / "asked.log") as address:
        python_client(house, dist, work, address, version=version)
        yield f"{files['python']}: installed, types checked, asks the service"
        npm_client(house, dist, work, address, version=version)
        yield f"{files['npm']}: installed, types checked, asks the service"
    for language in SOURCES:
        native_client(language, dist, work, version=version)
        yield f"{files[language]}: unpacked, has every name of the contract (not compiled)"
