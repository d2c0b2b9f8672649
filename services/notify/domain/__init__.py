"""The rules of letters, addresses and contact forms: plain Python."""
