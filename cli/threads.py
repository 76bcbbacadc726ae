"""One thread for linear algebra: ours is small, and threads that wait for each other cost more."""

import os

__all__ = ["pin_threads"]

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def pin_threads() -> None:
    """Before numpy is imported, which reads them once; what the user has set stays."""
    for variable in VARIABLES:
        os.environ.setdefault(variable, "1")
