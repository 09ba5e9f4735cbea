"""Arithmetic on numbers and columns, roots and quantiles."""
