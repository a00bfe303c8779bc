"""Persons, their friendships, private lists and blocks."""
