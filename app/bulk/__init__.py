"""`retrorun bulk`: estimate files of any length."""
