"""The equations of energy, direction, timing and load, and the spread of people around them."""
