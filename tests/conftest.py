"""Puts this folder on the import path, so that every kind of test can read plan_fixture."""
