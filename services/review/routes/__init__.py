"""HTTP in, command or query, page or file out. ``urls`` is the table of contents."""
