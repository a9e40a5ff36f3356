"""The panel (评审专家): marks that nobody reads until all are in. Pure: how a sheet is written, sealed and counted."""
