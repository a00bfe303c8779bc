"""The books of a room: entries that are never changed, how sums are divided and settled."""
