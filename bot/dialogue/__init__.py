"""Flows, and the engine that walks a customer through them."""
