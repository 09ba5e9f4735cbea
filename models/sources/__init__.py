"""Published tables and references."""
