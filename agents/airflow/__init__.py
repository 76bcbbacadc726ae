"""The Airflow agent: one Airflow, by its REST API of 2.9 to 2.11 (v1) or of 3 (v2)."""

from agents.airflow.collector import AirflowCollector
from agents.airflow.config import AirflowConfig

__all__ = ["AirflowCollector", "AirflowConfig"]
