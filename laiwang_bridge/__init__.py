"""laiwang-bridge: people, clusters and the small business of life, on Matrix."""
