"""laiwang-bridge: people, clusters and the small business of life, on Matrix."""

__version__ = "0.1.0"
