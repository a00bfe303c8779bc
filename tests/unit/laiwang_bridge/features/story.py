"""What several tests talk about."""

HIKE = "weekend hike?"
CARD = "talking about weekend hike?"
GONE = "weekend hike? is not available any more."
NOT_AVAILABLE = "This cluster is not available."
