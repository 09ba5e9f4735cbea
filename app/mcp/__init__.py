"""`retrorun mcp`: questions of the service as tools of the Model Context Protocol."""
