"""Who may see what (披露): tiers, data rooms, grants, documents, questions.

Words: tier (披露层级: public, registered, under NDA, deal party), data room (资料室: what its owner shows about one
subject), grant (授权: a tier opened to one organisation for one subject), document (文件: a version never changes),
question (提问: answered for everyone, the asker is never shown).
A reader gets a view cut to the tier he reaches, through one door: `tiers.visible`. What he may not know of is not
there. A subject's owner is told at its birth (`steps.open_room`), and whether strangers may know of it by
`steps.show_rooms` and `steps.hide_rooms`.
"""
