"""Any framework's model as a run saves it: what kind it is, how pages use it, and what writes it."""
