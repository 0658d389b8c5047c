"""Dashboards start, steer and use Python: tasks, jobs, and predictions."""
