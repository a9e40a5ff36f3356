"""Measurements of techmarket, each with its reference beside it in the same run: `python -m bench NAME [--quick]`."""
