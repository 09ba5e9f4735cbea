"""Entry point of the command: it handles signals before slow imports."""

from retrorun.app.signals import exit_on_signals


def main() -> int:
    """Run the command line and return its exit code."""
    exit_on_signals()
    from retrorun.app.cli.main import main as command_line

    return command_line()
