"""Carries records between the parts: one port, one adapter for each carrier."""
