"""Before the experiment: how many rows it takes, what to try, who gets it, and does it pay."""
