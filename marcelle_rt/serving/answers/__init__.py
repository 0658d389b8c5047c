"""Predictions for pages: by functions of the user's, and by the models that jobs have published."""
