"""Who is here (身份): organisations, people, their roles, the keys of their programs, their qualifications.

Words: organisation (组织), person (人员), membership (任职: a person acting for an organisation, with roles), API key
(接口密钥: shown once, stored hashed), qualification (资质: 技术经理人, 专家).
Rules: `rules.py` (统一社会信用代码), who may do what: `permissions.py`.
"""
