"""The pages of stock takes: which there are, counting with a phone in hand, and looking at what differs."""
