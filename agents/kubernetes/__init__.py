"""The Kubernetes agent: one cluster, by its API alone."""

from agents.kubernetes.collector import KubernetesCollector
from agents.kubernetes.config import KubernetesConfig

__all__ = ["KubernetesCollector", "KubernetesConfig"]
