"""Red packets: an amount in a room, of which whoever is quick takes a part. Nobody's money is held."""
