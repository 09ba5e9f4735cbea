"""Text that Arrow reads exactly as `app.bulk.lines` does, and much faster."""
