"""Fetching from addresses that people type: nothing inside the operator's network, nothing without end."""
