"""The server and its connections: sockets, signals, limits of bytes and time."""
