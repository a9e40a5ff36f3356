"""Settlement (结算): what is due, what the bank said, what is paid out. Money enters and leaves the market here only.

Words: due (应付款, with a reference the payer puts on his transfer), bank line (银行到账: one signed message of the
bank), release (放款: paid money goes to the payee less the fee by tariff), payout (付款指令: by escrow through the
market's bank, or by payroll through the unit itself). Rules: `rules.py`.
The money of a paid due stands in an escrow account of the due; that of a due without payee (a deposit) stays in the
payer's own escrow. A payout is a hold until the bank confirms it.
"""
