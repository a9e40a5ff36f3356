"""Sample data (示例数据): what a fresh market shows before its first real listing.

`offers.jsonl` and `demands.jsonl` are invented for this project, one row a line, and each row says so. `matches.jsonl`
names, for most demands, the offer that was written to answer it. S-O-001 is the achievement of the demo.
`real_sets` reads public sets of other origin into the same row shapes; their texts are not part of the project.
"""
