"""The agent of one Kubernetes node: what the node uses, as its kubelet tells."""

from agents.kubernetes.node.collector import NodeCollector
from agents.kubernetes.node.config import NodeConfig

__all__ = ["NodeCollector", "NodeConfig"]
