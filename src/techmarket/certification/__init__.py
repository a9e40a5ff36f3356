"""The certificate of a transaction (交易鉴证): what the market saw, under two pairs of eyes, for a stranger to check.

Words: certificate (鉴证书), facts (鉴证事项: the snapshot two certifiers agree on), credential (凭证: the facts as a
W3C Verifiable Credential, signed), file (鉴证文件: credential, signed status and proof from the log).
One certifier prepares, another approves; neither belongs to a party. It proves the market's process; it is not the
registration of the contract (认定登记) and gives no tax relief.
The facts: `facts.py`; the credential: `credential.py`; the check anyone can run: `verify.py`.
"""
