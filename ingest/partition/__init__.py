"""One partition: its lease, its batches in order, maintenance between them."""
