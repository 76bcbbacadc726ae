"""How many workers a pool should have: policies, the decision, and settings learnt by replay.

A load is in workers: how many it would keep busy at 100 %. The need is whole workers, so that
none is busier than the target utilization.
"""
