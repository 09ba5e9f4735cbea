"""The list of constants, common claims with the evidence, and warnings."""
