"""What every page shares: request, session, view, texts, formats, lists, assets."""
