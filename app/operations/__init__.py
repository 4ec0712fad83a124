"""Work on a running system: import, publish, verify, ledger, scores, topics of Kafka."""
