"""Measure how fast the service answers, compared with other implementations: see docs/performance.md."""
