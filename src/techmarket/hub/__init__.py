"""What comes from elsewhere (枢纽): rows of partner markets and public sets, imported in bulk and recognised again.

Words: import (导入: one request of JSON Lines), external id (外部标识: how the source names its row), fingerprint
(指纹: by which an unchanged row is known), outcome (accepted, refused with a reason, unchanged).
Rules: `rules.py` (a bad row is refused alone; the same row twice has one effect).
"""
