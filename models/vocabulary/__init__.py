"""Words, meanings, bounds and errors: what every other package speaks in."""
