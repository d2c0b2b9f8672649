"""The platform under faults: what breaks it, what clients saw, and what it holds afterwards."""
