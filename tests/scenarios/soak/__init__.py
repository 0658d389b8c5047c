"""The long form of the promises: trainings in processes of their own, faults at random moments, and a count of all."""
