"""Messages that are taken back once they have been read."""
