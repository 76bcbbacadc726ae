"""What retries cost, and a policy that keeps them within a budget.

Exponential back-off with full jitter: M. Brooker, "Exponential backoff and jitter" (2015).
"""

from math import ceil, log

from analytics.queue_analysis.plans import Jitter, RetryPolicy

__all__ = ["retry_load_ratio", "retry_policy"]

GIVEN_UP_RATIO = 0.01
LEAST_ATTEMPTS, MOST_ATTEMPTS = 2, 5


def retry_load_ratio(retry_ratio: float, policy: RetryPolicy | None) -> float | None:
    """All attempts / first ones, 1 + r + r^2 + ... to the policy's end; None: without bound.

    `retry_ratio`: the share of attempts that are followed by another one, 0..1.
    """
    if policy is None:
        return None if retry_ratio >= 1 else 1 / (1 - retry_ratio)
    attempts = policy.max_attempts
    load = float(attempts) if retry_ratio >= 1 else (1 - retry_ratio**attempts) / (1 - retry_ratio)
    return load if policy.budget_ratio is None else min(load, 1 + policy.budget_ratio)


def retry_policy(retry_ratio: float, service_p99_s: float, budget_ratio: float) -> RetryPolicy:
    """Attempts until fewer than 1 % would fail by chance alone, 2 to 5, within the budget.

    The last back-off is the 99th percentile of the service time: by then what was in work is done.
    """
    enough = MOST_ATTEMPTS
    if retry_ratio < 1:
        enough = ceil(log(GIVEN_UP_RATIO) / log(retry_ratio))
    attempts = min(max(enough, LEAST_ATTEMPTS), MOST_ATTEMPTS)
    return RetryPolicy(
        max_attempts=attempts,
        first_backoff_s=service_p99_s / 2 ** (attempts - 2),
        max_backoff_s=service_p99_s,
        jitter=Jitter.FULL,
        budget_ratio=budget_ratio,
    )
