"""C++."""

from __future__ import annotations

from .c_base import CFamily


class Cpp(CFamily):
    name = "cpp"
    extensions: tuple[str, ...] = (
        *(".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ipp", ".inl", ".tcc", ".tpp"),
        *(".cu", ".cuh", ".ixx", ".cppm"),
    )
    version = 3


LANGUAGES = (Cpp(),)
