"""Processes that compute beside the event loop."""
