"""HTTP in, command or query, page or JSON out. ``urls`` is the table of contents."""
