"""What pages store in an instance, as values that Python computes with, and the way back."""
