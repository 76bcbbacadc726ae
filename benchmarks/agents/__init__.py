"""What an agent costs: its own process, and the server that it asks."""
