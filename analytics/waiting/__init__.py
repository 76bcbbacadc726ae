"""Why work waits: from its queue over limits, workers and pods to nodes, across orchestrators."""
