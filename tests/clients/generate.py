"""Make clients of the service from the contract: `make clients` writes them into `build/clients`.

Without Java it skips Kotlin and Swift, and says so; it still makes the others.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.clients.native import LANGUAGES, missing

HOUSE: Final = Path(__file__).parent.parent.parent
BUILT: Final = "build/clients"
MODULES: Final = HOUSE / "tests" / "clients" / "typescript" / "node_modules"
"""Where npm has put what TypeScript needs."""

COMMANDS: Final = {
    "python": "openapi-python-client generate --path openapi/openapi.json --meta none "
    "--config tests/clients/python.yaml --fail-on-warning --overwrite "
    "--output-path build/clients/python/retrorun_client",
    "typescript": "openapi-typescript openapi/openapi.json --output build/clients/typescript/schema.d.ts",
    "kotlin": "openapi-generator-cli generate --input-spec openapi/openapi.json --generator-name kotlin "
    "--additional-properties packageName=retrorun --output build/clients/kotlin",
    "swift": "openapi-generator-cli generate --input-spec openapi/openapi.json --generator-name swift6 "
    "--additional-properties projectName=RetroRun --output build/clients/swift",
}
"""What makes each client, as docs/clients.md shows it."""


def lacking(language: str) -> str:
    """Return the programs missing to make a client, or nothing."""
    if language == "typescript" and not (shutil.which("node") and MODULES.exists()):
        return "node or what `make clients` has npm install is not there"
    if language in LANGUAGES and not shutil.which("java"):
        return "java, 17 or newer, is not there"
    return ""


def generate(language: str, folder: Path) -> None:
    """Make a client anew, in the folder of all of them."""
    target = folder / language
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    program, *options = shlex.split(COMMANDS[language])
    options = [option.replace(BUILT, str(folder)) for option in options]
    places = (MODULES / ".bin", Path(sys.executable).parent, os.environ.get("PATH", ""))
    path = os.pathsep.join(map(str, places))
    done = subprocess.run(
        [shutil.which(program, path=path) or program, *options],
        cwd=HOUSE,
        env=os.environ | {"PATH": path, "JAVA_OPTS": "-XX:TieredStopAtLevel=1"},  # a short run: compile quickly
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def main() -> None:
    """Make every client that can be made here, a line for each, and read those that nothing here can compile."""
    folder = HOUSE / BUILT
    for language in COMMANDS:
        if reason := lacking(language):
            print(f"{language}: skipped, {reason}")
            continue
        print(f"{language}: ", end="", flush=True)
        generate(language, folder)
        if found := language in LANGUAGES and missing(language, folder):
            sys.exit(str(found))
        print(f"{BUILT}/{language}", flush=True)


if __name__ == "__main__":
    main()
