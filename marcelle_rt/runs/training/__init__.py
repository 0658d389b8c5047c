"""On the training thread: values become events."""
