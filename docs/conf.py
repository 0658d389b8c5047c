"""Settings of the documentation: `sphinx-build -W docs build/docs`."""

from __future__ import annotations

import os

# Keras' callback is documented from its own class; TensorFlow says nothing about processors meanwhile.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "marcelle_rt"
author = "the marcelle_rt authors"
copyright = "the marcelle_rt authors, MIT license"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "marcelle_rt"
html_static_path: list[str] = []

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
copybutton_prompt_text = ">>> "
# What a class is made with is in the docstring of its `__init__`. Of the bases only those of errors matter to users.
autoclass_content = "both"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Google-style sections name attributes that are annotated in the class too.
napoleon_use_ivar = True
