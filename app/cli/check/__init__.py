"""`retrorun check`: send the golden requests to a running service, and compare its answers."""
