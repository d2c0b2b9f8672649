"""Every event the services tell each other; one module for each speaker."""
