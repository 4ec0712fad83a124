"""Servers that we start: PostgreSQL, MQTT brokers, Kafka; ports and supervision."""
