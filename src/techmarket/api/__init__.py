"""The JSON edge (接口层): routes and wire shapes, and everything that stands between the open internet and a use case.

`shapes` owns hostile values, `limits` owns hostile requests, `refusals` says no in two languages, `observe` watches.
Each other file is one room's routes: it turns JSON into arguments, calls one service function, and shows the view.
"""
