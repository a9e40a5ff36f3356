"""`techmarket evaluate matching`: real demands against real offers with known answers, through the public API."""
