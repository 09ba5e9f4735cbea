"""Where the process begins: signals are listened to before anything is imported that takes time."""

from retrorun.app.signals import begin


def main() -> int:
    """Run the command line as a process of its own, and return its exit code."""
    begin()
    from retrorun.app.cli.main import main as command_line

    return command_line()
