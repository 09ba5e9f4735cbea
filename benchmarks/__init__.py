"""How much an answer costs, beside the same service written in other ways: see docs/performance.md."""
