"""The side of the process that runs a job: its claim, its document, and what the task's function is given."""
