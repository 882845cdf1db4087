"""The studio's pages: each a pure function from one record to HTML; wording and layout only."""
