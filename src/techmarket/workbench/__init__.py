"""What waits for whom, and what people are told (工作台).

Words: work (待办: an act that a person may do now and that somebody waits for), due (期限: by when), urgency
(紧急程度), notification (通知: one thing that one person is told once), inbox (收件箱), digest (每日摘要),
preference (通知偏好).
Rules: `rules.py` (how urgent something is; who is told of what, and by which way).

It keeps no copy of anybody's state: work is asked of the rooms, each by its own query (`awaiting.py` of a room).
"""
