"""Plotly specifications of the pages."""
