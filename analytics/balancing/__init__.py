"""How work is spread over workers, and which way of spreading it would wait the least."""
