"""One file for each outside thing: the PDF typesetter and the signature."""
