"""Contacts: an address book becomes friends."""
