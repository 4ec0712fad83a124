"""Shared by all pages: request wrapper, session, view, texts, formats, lists, assets."""
