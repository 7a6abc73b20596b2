"""Ruby: facts of one file, requires, constants of other files, references."""

from __future__ import annotations

from repo_index import Index
from repo_index.languages import named


def facts(text: str):
    source = text.encode()
    found = named("ruby").extract(source, "a.rb")
    for o in found.occurrences:
        assert source[slice(*o.span)].decode() == o.name
    for d in found.definitions:
        assert source[slice(*d.name_span)].decode() == d.name
        assert d.span[0] <= d.span[1] <= len(source)
    return found


def places(index: Index, spec: str, certainty: str = "exact") -> list[str]:
    symbol = index.symbol(spec)
    return [f"{r.path}:{r.line}:{r.kind}" for r in index.references(symbol) if r.certainty == certainty]


def edges(index: Index, path: str) -> list[tuple[str, str | None, str, str]]:
    return [(e.module, e.target, e.kind, e.state) for e in index.imports(path)]


def test_definitions_with_kinds_bases_documentation_and_visibility():
    found = facts(
        "# A thing.\n# In two lines.\nclass Shop::Cart < Base\n  include Counting\n  LIMIT = 3\n"
        "  attr_reader :items, :owner\n  # @return [Shop::Item]\n  def first(n = 1, *rest, key:, **more, &block)\n  end\n"
        "  def self.build; new; end\n  def name=(value); @name = value; end\n  private\n  def hidden; end\n"
        "  alias old first\n  delegate :size, to: :items\nend\nPoint = Struct.new(:x, :y) do\n  def sum; x + y; end\nend\n"
    )
    by_name = {d.qualified: d for d in found.definitions}
    cart = by_name["Shop.Cart"]
    assert (cart.kind, cart.bases, cart.doc) == ("class", ("Base", "Counting"), "A thing.\nIn two lines.")
    first = by_name["Shop.Cart.first"]
    assert first.type == "Shop.Item"
    assert [(p.name, p.kind) for p in first.parameters][:3] == [
        ("n", "positional"), ("rest", "var_positional"), ("key", "keyword_only"),
    ]  # fmt: skip
    assert not by_name["Shop.Cart.hidden"].exported
    assert by_name["Shop.Cart.size"].kind == "method"
    assert by_name["Shop.Cart.LIMIT"].kind == "constant"
    assert {"Shop.Cart.items", "Shop.Cart.build", "Shop.Cart.name", "Shop.Cart.old"} <= set(by_name)
    assert {"Point.x", "Point.y", "Point.sum"} <= set(by_name)
    assert found.namespaces == ["Shop"]


def test_local_variables_hide_methods_of_the_same_name():
    found = facts(
        "def total; 1; end\ndef a\n  total\n  total = 2\n  total\n  [1].each { |total| total }\nend\n"
        "def b(total)\n  total\nend\ndef c\n  [1].map { |x; total| total = x }\n  total\nend\n"
        "def d\n  case x\n  in {total:} then total\n  end\nend\ndef e\n  if /(?<total>a)/ =~ s then total end\nend\n"
        "def f\n  run\nrescue => total\n  total\nend\ndef g\n  a, (total, *b) = z\n  total\nend\n"
        "def h\n  for total in z do total end\nend\ndef i\n  ->(total) { total }\n  total\nend\n"
    )
    assert sorted(o.line for o in found.occurrences if o.name == "total") == [1, 3, 13, 37]


def test_damaged_and_deep_sources_give_facts():
    for text in ("class A\n def b(\n", "(" * 3000, "x = " * 2000, "end end end", "\x00\xff", "def a = " * 500):
        named("ruby").extract(text.encode("latin-1"), "a.rb")
    assert facts("class A\n  def b\n    1 +\n  end\nend\n").errors


def test_requires_by_load_path_and_beside_the_file(repository):
    index = repository(
        {
            "shop.gemspec": 'Gem::Specification.new { |s| s.require_paths = ["src"] }\n',
            "src/shop/main.rb": "require 'shop/extra'\nrequire 'json'\nrequire_relative 'near'\nrequire_relative '../gone'\n"
            "autoload :Late, 'shop/late'\nrequire File.expand_path('../near', __FILE__)\n",
            "src/shop/extra.rb": "",
            "src/shop/near.rb": "def go\n  require 'shop/late'\nend\n",
            "src/shop/late.rb": "",
        }
    )
    assert [e[1] for e in edges(index, "src/shop/main.rb")][:3] == ["src/shop/extra.rb", None, "src/shop/near.rb"]
    index = repository(
        {
            "lib/shop/main.rb": "require 'shop/extra'\nrequire 'json'\nrequire_relative 'near'\nrequire_relative '../gone'\n"
            "autoload :Late, 'shop/late'\nrequire File.expand_path('../near', __FILE__)\n",
            "lib/shop/extra.rb": "",
            "lib/shop/near.rb": "def go\n  require 'shop/late'\nend\n",
            "lib/shop/late.rb": "",
        }
    )
    assert edges(index, "lib/shop/main.rb") == [
        ("shop/extra", "lib/shop/extra.rb", "runtime", "resolved"),
        ("json", None, "runtime", "external"),
        ("./near", "lib/shop/near.rb", "runtime", "resolved"),
        ("../gone", None, "runtime", "unresolved"),
        ("shop/late", "lib/shop/late.rb", "lazy", "resolved"),
        ("./near", "lib/shop/near.rb", "runtime", "resolved"),
    ]
    assert edges(index, "lib/shop/near.rb") == [("shop/late", "lib/shop/late.rb", "lazy", "resolved")]


def test_constants_lead_to_files_without_a_require(repository):
    index = repository(
        {
            "app/models/admin/user.rb": "class Admin::User\n  def greet; end\n  def self.find(id); new; end\nend\n",
            "app/models/user.rb": "class User\n  def greet; end\nend\n",
            "app/controllers/a.rb": "module Admin\n  class A\n    def show\n      user = User.new\n      user.greet\n"
            "      ::User.new.greet\n      User.find(1).greet\n    end\n  end\nend\n",
        }
    )
    assert sorted(e[1] for e in edges(index, "app/controllers/a.rb")) == [
        "app/models/admin/user.rb",
        "app/models/user.rb",
    ]
    assert places(index, "app/models/admin/user.rb::Admin.User.greet") == [
        "app/controllers/a.rb:5:call", "app/models/admin/user.rb:2:definition",
    ]  # fmt: skip
    assert "app/controllers/a.rb:6:call" in places(index, "app/models/user.rb::User.greet")
    assert places(index, "app/models/user.rb::User") == [
        "app/controllers/a.rb:6:use",
        "app/models/user.rb:1:definition",
    ]


def test_reopened_classes_and_mixed_in_modules(repository):
    index = repository(
        {
            "lib/base.rb": "class Base\n  def run; helper; end\nend\n",
            "lib/more.rb": "class Base\n  include Help\nend\n",
            "lib/help.rb": "module Help\n  def helper; run; end\nend\n",
            "lib/child.rb": "class Child < Base\n  def run; super; helper; end\nend\nChild.new.helper\nthing.helper\n",
        }
    )
    assert places(index, "lib/help.rb::Help.helper") == [
        "lib/base.rb:2:call", "lib/child.rb:2:call", "lib/child.rb:4:call", "lib/help.rb:2:definition",
    ]  # fmt: skip
    assert places(index, "lib/help.rb::Help.helper", "likely") == ["lib/child.rb:5:call"]
    assert [p for p in places(index, "lib/base.rb::Base") if "definition" in p] == [
        "lib/base.rb:1:definition", "lib/more.rb:1:definition",
    ]  # fmt: skip


def test_attributes_are_one_with_their_variables(repository):
    index = repository(
        {
            "a.rb": "class A\n  attr_accessor :size\n  def initialize; @size = 1; end\n  def grow; self.size += @size; end\nend\n"
        }
    )
    assert [p.split(":")[1] for p in places(index, "a.rb::A.size")] == ["2", "3", "4", "4"]


def test_top_level_methods_are_seen_in_classes(repository):
    index = repository(
        {"tool.rb": "def helper; end\nclass A\n  def go; helper; end\n  def other; x.helper; end\nend\nhelper\n"}
    )
    assert places(index, "tool.rb::helper") == ["tool.rb:1:definition", "tool.rb:3:call", "tool.rb:6:call"]


def test_everyday_methods_of_unknown_objects_are_not_likely(repository):
    index = repository({"a.rb": "class A\n  def each; end\nend\n", "b.rb": "x.each { }\n"})
    assert places(index, "a.rb::A.each", "likely") == []
