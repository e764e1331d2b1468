"""Files in: read, pseudonymise, check."""
