"""The HTTP API: reads, authentication, and the built dashboard."""
