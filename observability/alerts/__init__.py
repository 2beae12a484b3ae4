"""Alerts: rules over the metrics, evaluated by the workers' upkeep, told by mail and webhook."""
