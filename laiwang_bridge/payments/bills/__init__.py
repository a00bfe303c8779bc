"""Bills in a room: added, shown, changed."""
