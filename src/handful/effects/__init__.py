"""What each offer does to each customer: doubly robust scores and the models learned on them."""
