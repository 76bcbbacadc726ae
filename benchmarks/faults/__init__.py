"""Proves the exactly-once effect under faults: agents -> Kafka -> ingest -> PostgreSQL."""
