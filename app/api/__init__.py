"""One module for each question that the service answers."""
