"""From a connection to an endpoint: limits, API keys, requests and problems."""
