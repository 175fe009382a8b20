"""The life of a complaint as contract-v1 section 2 has it, typed by hand: what servers are judged by."""

from __future__ import annotations

TABLE = """
submitted          verify          verified           o
submitted          request_info    needs_information  o
submitted          reject          rejected           o
submitted          mark_duplicate  duplicate          o
submitted          withdraw        withdrawn          c
needs_information  supply_info     submitted          c
needs_information  withdraw        withdrawn          c
needs_information  expire          withdrawn          s
verified           assign          assigned           o
verified           transfer        transferred        o
verified           withdraw        withdrawn          c
assigned           start           in_progress        o
assigned           reassign        verified           o
assigned           transfer        transferred        o
in_progress        resolve         resolved           o
in_progress        hold            on_hold            o
on_hold            resume          in_progress        o
resolved           rate            closed             c
resolved           reopen          verified           c
resolved           auto_close      closed             s
rejected           reopen          submitted          c
rejected           auto_close      closed             s
"""
RULES = [tuple(line.split()) for line in TABLE.strip().splitlines()]
NEXT = {(state, action): (to, who) for state, action, to, who in RULES}
STATES = sorted({rule[0] for rule in RULES} | {rule[2] for rule in RULES})
ACTIONS = sorted({rule[1] for rule in RULES})
