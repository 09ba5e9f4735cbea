"""Tries to break the service: bytes on the socket, bodies, saturation and overload."""
