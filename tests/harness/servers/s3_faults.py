"""Faults that no real store has on demand: which request they hit, and what happens to it."""

import threading


class Faults:
    """Rules in the order in which they were set. A rule is a dictionary:

    method, key (a part of it), query (a name in it)   which requests; each may be left out
    skip, times      how many of those to let pass first, and how many to hit then (1)
    do               "answer"       with status, code, message, headers, body; the request is carried out if effect
                     "close"        the connection, without an answer; carried out before if effect
                     "cut_answer"   the answer ends after `bytes` bytes of its body
                     "cut_request"  the connection is closed after `bytes` bytes of the request's body
                     "refuse_early" as "answer", before the body is read, if the client asks first
                     "hang"         no answer until the other side gives up
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.rules = []

    def set(self, rules):
        with self.lock:
            self.rules = [{"skip": 0, "times": 1, **rule} for rule in rules]

    def find_early(self, method, key, query):
        """The rule that hits it before its body is read, or None."""
        return self.find(method, key, query, ("refuse_early",))

    def find(self, method, key, query, kinds=("answer", "close", "cut_answer", "cut_request", "hang")):
        """The rule that hits this request, or None."""
        with self.lock:
            for rule in self.rules:
                if rule["do"] not in kinds:
                    continue
                if rule.get("method", method) != method or rule.get("key", "") not in key:
                    continue
                if "query" in rule and rule["query"] not in query:
                    continue
                if rule["skip"] > 0:
                    rule["skip"] -= 1
                    continue
                if rule["times"] == 0:
                    continue
                rule["times"] -= 1
                return rule
        return None
