"""From the bus to the store: batches in, one transaction each, what cannot be read set aside."""
