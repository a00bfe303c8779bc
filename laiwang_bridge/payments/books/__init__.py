"""Books that come from other programs and go to them, and what they tell."""
