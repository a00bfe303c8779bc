"""The people who run the bridge: how it is doing, what its users tell them, and what went wrong."""
