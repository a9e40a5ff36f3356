"""The commands (命令行): run, serve, worker, migrate, demo, verify and what an operator needs beside them."""
