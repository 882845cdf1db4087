"""Handing it over: files, report, assignments. No computing, only wording and layout."""
