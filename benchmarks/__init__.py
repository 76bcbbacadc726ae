"""What every claim of speed and memory is measured with: `python -m benchmarks NAME [--json]`."""
