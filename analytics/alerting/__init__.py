"""Alert rules as data, and what they say of records. Nothing here keeps or sends an alert."""

from analytics.alerting.manager import AlertCheck, OrchestrationAlertManager

__all__ = ["AlertCheck", "OrchestrationAlertManager"]
