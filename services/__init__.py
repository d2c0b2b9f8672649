"""Five independent services that tell each other facts over Kafka."""
