"""`retrorun bulk`: files of any length."""
