"""Tables of published measurements, and references."""
