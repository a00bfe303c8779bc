"""Books that other programs have kept, read from the files that they export."""
