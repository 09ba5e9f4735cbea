"""Arrow streams, record batches and watch files."""
