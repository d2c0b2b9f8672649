"""Review's rules: plain Python."""
