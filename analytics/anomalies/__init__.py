"""Workers that behave unlike their peers and unlike themselves before.

A ladder: what is not known yet is made do without. Peers alone; from a day on the worker's own
past; from a week on its profile of the day; each beside its peers where there are enough of
them. Scores are calibrated on the pool's own past: 0.7 is the alarm budget. Needs numpy.
"""
