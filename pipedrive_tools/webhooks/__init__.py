"""Webhooks: subscribe to Pipedrive's events, receive them, and hand them on. Each module says which part is its own."""
