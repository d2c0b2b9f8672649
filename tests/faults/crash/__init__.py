"""The crash matrix: processes of two small services are killed at each named point, then everything is counted."""
