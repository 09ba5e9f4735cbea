"""Processes that compute: on this machine, or in a Dask cluster."""
