"""Figures of one population of drives over many ways to record it."""
