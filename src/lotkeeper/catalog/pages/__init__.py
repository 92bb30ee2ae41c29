"""The pages of the catalogue. They translate, and make one call each."""
