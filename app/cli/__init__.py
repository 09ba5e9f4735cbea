"""The command line."""

from retrorun.app.cli.main import main

__all__ = ["main"]
