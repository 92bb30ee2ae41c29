"""The pages of outlets, of the people who work at them, and of the set-up."""
