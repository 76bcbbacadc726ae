"""What users would pick instead of ingest, run with its best documented settings."""
