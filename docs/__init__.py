"""Pages for developers, and the programs that make parts of them."""
