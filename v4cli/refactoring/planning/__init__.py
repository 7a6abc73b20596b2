"""From an instruction in English to typed operations: mentions, cues, questions to the model, operations.

mentions.py   which words of the instruction name something in the graph, or something new
cues.py       what the wording settles by itself: defaults, values, "except in tests", "keep ... as it is"
questions.py  what is left is asked of the model, one small question at a time, under a grammar of the candidates
renames.py parameters.py moves.py   one instruction read into the fields of operations
"""
