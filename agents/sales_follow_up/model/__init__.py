"""The model that drafts: how one is named, what it is asked, and the clients that reach it.

A model gets two texts and the shape of the answer. It has no tools, sees no record but the one in its facts, and
what it answers is text until `drafting` has checked it.
"""
