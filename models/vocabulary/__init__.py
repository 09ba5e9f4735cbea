"""Words, meanings, bounds and errors, which every other package uses."""
