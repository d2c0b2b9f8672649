"""The rules of intake: accounts, cases, uploads, windows. Plain Python without I/O and without a clock."""
