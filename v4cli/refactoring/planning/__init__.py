"""From an instruction in English to typed operations (v4cli/mentions.py finds what its words name).

steps.py       an instruction taken apart into what it asks for one after the other
conditions.py  "except in tests", "keep ... as it is", "keep the old name": put into fields, proved, or refused
kinds/         what can be asked for: one entry for each kind, with its wording, its evidence and its reader
candidates.py  settles which of several candidates a mention means, by the other mentions
cues.py        what the wording settles by itself: defaults, values, call sites, selections
questions.py   what is left is asked of the model, one small question at a time, under a grammar of the options
following.py   what a symbol is called once the steps before are carried out
free_edit.py   the text of a free edit, written by the model and judged
"""
