"""What all five services must agree on."""
