"""The shared vocabulary: every record on the wire, its topics, ids and units.

Nothing here does I/O and nothing here imports another package of ours.
"""
