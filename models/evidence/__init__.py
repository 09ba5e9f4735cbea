"""What is known: the catalogue of constants, claims, and warnings."""
