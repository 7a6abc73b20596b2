"""Answers about a repository: exact ones from the graph, the rest from retrieved code and the model.

exact.py      questions that the graph answers by itself
retrieve.py   the code that a question needs, under a token budget
readings.py   the order of passages that saves reading what an earlier question has read
prompt.py     question and code as chat messages
citations.py  what an answer cites, checked against the files
budget.py     how many prompt tokens this machine can afford
answer.py     the whole of `v4 ask`
"""
