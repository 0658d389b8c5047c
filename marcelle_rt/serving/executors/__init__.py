"""Where jobs run: processes of our own, and other people's executors and clusters behind one seam."""
