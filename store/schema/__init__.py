"""Migrations, partitions or hypertables, rollups, and their status."""
