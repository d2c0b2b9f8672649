"""The standing promises of the code base, and each of them broken once on purpose."""
