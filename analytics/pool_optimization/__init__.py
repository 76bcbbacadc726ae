"""What a pool of workers could do better: size, resources, scaling, placement, health checks."""
