"""The OpenAPI contract, its examples, and the interface on one page."""
