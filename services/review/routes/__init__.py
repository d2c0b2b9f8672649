"""Review's pages; ``urls`` is the table of contents."""
