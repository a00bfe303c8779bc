"""The story, played on this machine: a real homeserver, the bridge, and people with real clients."""
