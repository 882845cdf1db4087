"""Guardrails: may we, should we - measured before launch, able to stop a plan."""
