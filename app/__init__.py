"""The `tachowatt` command: composes the processes, starts servers, reads recordings.

The top of the product: it may import all of it, and nothing of it imports this package.
"""
