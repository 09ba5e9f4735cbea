"""How to install the libraries that only some commands need."""

from typing import Final

DASK: Final = "distributed"
"""The library that only `--engine dask` needs."""
EXTRAS: Final = {"bulk": "bulk", "strava": "bulk", "mcp": "mcp"}
"""The extra with the libraries that a command needs. Its locked requirements have the same name."""


def import_problem(name: str, error: ImportError) -> str:
    """Return why a library of a command cannot be imported, and how to install it."""
    if isinstance(error, ModuleNotFoundError):
        if error.name == DASK:
            return f"retrorun bulk --engine dask needs {DASK}. Install the extra retrorun[dask]."
        return (
            f"retrorun {name} needs {error.name}. Install it: .venv/bin/pip install -r requirements/{EXTRAS[name]}.txt "
            f"(or the extra retrorun[{EXTRAS[name]}])."
        )
    return f"A library that retrorun {name} needs is installed but does not load: {error}"
