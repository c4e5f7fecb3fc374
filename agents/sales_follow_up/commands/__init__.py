"""The commands of `sales-follow-up`, each in a module of its own: its options, and what it does."""
