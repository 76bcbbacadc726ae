"""What every agent that reads a Kubernetes API needs: connecting, listing, watching."""
