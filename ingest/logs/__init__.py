"""The logs that bring batches (direct, TCP, Kafka), and the publisher to Kafka."""
