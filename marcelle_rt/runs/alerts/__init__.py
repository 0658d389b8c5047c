"""Alerts: raised by hand or by rules, shown, and sent to a webhook."""
