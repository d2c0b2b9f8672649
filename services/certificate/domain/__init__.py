"""The rules of certificates: plain Python, no I/O, no clock."""
