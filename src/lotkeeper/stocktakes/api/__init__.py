"""Stock takes over HTTP."""
