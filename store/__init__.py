"""PostgreSQL: connections, structure, the write path, reads, partitions and retention."""
