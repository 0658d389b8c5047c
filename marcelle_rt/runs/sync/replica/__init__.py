"""A backend's copy of a run's document, brought level with the run."""
