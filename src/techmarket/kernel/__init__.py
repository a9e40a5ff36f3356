"""The pure words every room speaks (内核): money, periods, ids, refusals, lifecycles. No I/O, no clock, no ORM."""
