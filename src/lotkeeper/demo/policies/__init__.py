"""What the demonstration shop is, sells and lives through, as values and pure functions. No Django, no database."""
