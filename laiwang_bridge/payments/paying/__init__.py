"""Paying: claims and confirmations, settling up, reminders, polls, and bills that come again."""
