"""One file for each outside thing: mail servers, mail formats, Word, the paper letters are written on."""
