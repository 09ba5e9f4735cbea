"""Computing in separate processes, outside the event loop."""
