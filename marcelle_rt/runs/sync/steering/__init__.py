"""What people ask of a run that goes on: heard on a thread of its own, done on the training's, and answered."""
