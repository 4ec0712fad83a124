"""`tachowatt bench`: throughput, latency, memory and queries, compared with a peer or a limit."""
