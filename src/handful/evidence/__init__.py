"""What it is worth, on rows it was not chosen on: frontier, ladder, verdict."""
