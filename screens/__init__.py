"""Screens: one file per screen; they draw from the board and write nothing."""
