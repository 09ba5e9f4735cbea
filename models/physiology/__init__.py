"""The equations: energy, direction, timing, load, and how far a person may lie from them."""
