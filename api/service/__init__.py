"""The service: the API, the web pages, and chat clients and MCP beside them, in one process."""
