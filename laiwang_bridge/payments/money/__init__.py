"""Amounts of money: currencies, and how people write them."""
