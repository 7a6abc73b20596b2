"""A small package whose functions are called in every form."""

SHAPES = {
    "shapes.py": '''\
        import functools


        class Shape:
            """A shape.

            :param name: what it is called
            :param size: how large
                it is
            """

            def __init__(self, name, size=1):
                self.name = name

            @classmethod
            def make(cls, name):
                return cls(name, size=2)

            def again(self):
                return self.__class__(self.name, 3), type(self)(self.name, size=4)

            def area(self, unit="m", digits=2):
                """The area.

                Args:
                    unit: of length
                    digits (int): how many
                        to keep

                Returns:
                    a number
                """
                return 1


        class Square(Shape):
            def __init__(self, name):
                super().__init__(name, 5)
                Shape.__init__(self, name, 6)

            def area(self, unit="m", digits=2):
                return super().area(unit, digits) + Shape.area(self, unit, digits=digits)


        class Plain(Shape):
            pass
        ''',
    "use.py": """\
        import functools

        import shapes
        from shapes import Plain, Shape as S, Square

        made = functools.partial(S, "a", 7)
        one = [S("b", 8), shapes.Shape("c", size=9), Plain("d", 10), Square("e")]


        def total(shape: S, other):
            other.area("m", 3)
            return shape.area("m", 3) + shape.area(digits=4)


        def forward(*args, **kwargs):
            return S(*args), S("f", **kwargs)


        class Region:
            def area(self, unit, digits):
                return 0


        print(total(one[0], one[1]), made(), f"{S('z').area('m', 1)}")
        """,
}
