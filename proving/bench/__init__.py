"""`tachowatt bench`: throughput, latency, memory and queries, beside a peer or a limit."""
