"""How to be a Matrix application service: durable, ordered, exactly once. Knows Matrix, and nothing of Laiwang."""
