"""Collectors: one file per conversation with the outside world; they yield facts."""
