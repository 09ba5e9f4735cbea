"""The codes of errors, and the sentences about what is wrong in a request."""
