"""The errors of a watch file that cannot be read."""

from retrorun.models.vocabulary.errors import Undefined


def unreadable(message: str) -> Undefined:
    """Return the error of a file that is damaged or too large."""
    return Undefined("file", message, "unreadable_file")


def unknown_kind(message: str) -> Undefined:
    """Return the error of a file that is not GPX, TCX or FIT."""
    return Undefined("file", message, "unknown_kind_of_file")


def planned() -> Undefined:
    """Return the error of a course, route or workout that somebody planned."""
    return Undefined("file", "This was planned, not done: send the recorded activity.", "planned")
