"""The JavaScript with which a dashboard's author uses Python: a module that `marcelle-rt js` writes beside the page."""
