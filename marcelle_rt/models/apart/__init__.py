"""The weights of a large model, which are kept beside its graph: within it, each step would copy all of them."""
