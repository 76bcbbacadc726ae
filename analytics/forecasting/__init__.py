"""Forecasts of evenly spaced series, each beside its naive baselines and with calibrated intervals.

Needs numpy (extra `forecast`). Its linear algebra is small: set OMP_NUM_THREADS=1 before numpy is
imported, as `woa` does, or threads that wait for each other cost many times the work.
"""
