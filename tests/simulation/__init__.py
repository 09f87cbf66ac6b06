"""Seeded worlds in which everything goes wrong, checked after each step.

The core is the real one; its event loop, clock, vendors and people are simulated, and nothing
waits for real time. `python -m tests.simulation SEED` tells one world's story.
"""
