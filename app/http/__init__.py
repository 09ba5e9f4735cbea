"""Between a connection and an endpoint: limits, keys, requests, problems."""
