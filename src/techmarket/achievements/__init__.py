"""What was achieved (成果): the result, its rights, its owners, its completers, its burdens.

Words: achievement (成果), intellectual right (知识产权), owner share (权属份额), completer (完成人, in order),
encumbrance (权利负担: a licence or a pledge that binds whoever comes later), recorded (已登记: may be offered).
Rules: `rules.py` (patent numbers, shares that sum to one, licences that exclude each other).
"""
