"""Which few offers to run: knows only a matrix, weights and costs; no statistics, no files."""
