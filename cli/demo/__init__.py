"""The demo: a real Temporal server with real workers under changing load, to be watched."""
