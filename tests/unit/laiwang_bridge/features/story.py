"""What several tests talk about."""

HIKE = "weekend hike?"
CARD = "talking about “weekend hike?”"
GONE = "“weekend hike?” is not available any more."
ANSWER = (
    "Whoever may come in is invited, now or as soon as it is their turn. If you are not, this cluster is not available."
)
NOT_AVAILABLE = "This cluster is not available."
