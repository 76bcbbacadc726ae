"""Argo Workflows: one controller, read through the Kubernetes API it lives in."""

from agents.argo.collector import ArgoCollector
from agents.argo.config import ArgoConfig

__all__ = ["ArgoCollector", "ArgoConfig"]
