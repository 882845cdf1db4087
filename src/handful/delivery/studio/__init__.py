"""The studio: plans looked at, tried, reviewed, released and served, on one port."""
