"""Shared bills: who paid what for whom, and how all come even. Nobody's money passes through here."""
