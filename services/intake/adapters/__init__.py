"""Outside things that intake speaks to: the Word format of 附表1."""
