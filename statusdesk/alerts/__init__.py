"""Alerts: rules and their life cycle."""
