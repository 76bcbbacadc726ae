"""Which way of scheduling waits less, as far as what was measured carries it."""
