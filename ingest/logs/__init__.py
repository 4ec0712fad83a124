"""Where batches come from: direct, TCP or Kafka; and what is published back to Kafka."""
