"""Decoders composed by configuration from the blocks of the DeepSeek line: V3.2, V4 and V4.1."""
