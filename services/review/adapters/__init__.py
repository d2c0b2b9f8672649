"""What review needs of others: a flow solver, spreadsheets, one-time numbers."""
