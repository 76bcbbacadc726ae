"""Live updates: what a delivery costs, and whether clients that never read keep others waiting."""
