"""Guarded Pipedrive tools for LLM agents."""
