"""What happened: any source read into a frozen Experiment; the only door for data frames."""
