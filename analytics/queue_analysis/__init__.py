"""How queues do, how they should be set, and when an item of one is taken."""
