"""Topics that grow through friends."""
