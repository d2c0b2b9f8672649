"""What review's pages show: plain values, by audience."""
