"""Stock takes over HTTP: each view reads the request, makes one call, and shows the answer."""
