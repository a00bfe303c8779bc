"""What a line about a bill says, read and written."""
