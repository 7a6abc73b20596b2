"""From an instruction in English to typed operations (v4cli/mentions.py finds what its words name).

candidates.py  settles which of several candidates a mention means, by the other mentions
cues.py        what the wording settles by itself: defaults, values, "except in tests", "keep ... as it is"
questions.py   what is left is asked of the model, one small question at a time, under a grammar of the options
renames.py, parameters.py, moves.py   one instruction read into the fields of operations
"""
