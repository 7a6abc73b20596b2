"""PHP: facts of one file, namespaces, includes, references."""

from __future__ import annotations

from repo_index import Index
from repo_index.languages import named


def facts(text: str):
    source = text.encode()
    found = named("php").extract(source, "a.php")
    for o in found.occurrences:
        assert source[slice(*o.span)].decode() == o.name
    for d in found.definitions:
        assert source[slice(*d.name_span)].decode() == d.name
    return found


def places(index: Index, spec: str, certainty: str = "exact") -> list[str]:
    symbol = index.symbol(spec)
    return [f"{r.path}:{r.line}:{r.kind}" for r in index.references(symbol) if r.certainty == certainty]


def edges(index: Index, path: str) -> list[tuple[str, str | None, str]]:
    return [(e.module, e.target, e.state) for e in index.imports(path)]


def test_definitions_with_kinds_bases_types_and_documentation():
    found = facts(
        "<html><?php\nnamespace App\\Shop;\n/** A cart. */\nfinal class Cart extends Base implements \\Countable {\n"
        "  use Counting;\n  const LIMIT = 3;\n  /** @var Item[] */\n  private array $items = [];\n"
        "  public function __construct(private readonly Store $store, int $n = 1) {}\n"
        "  protected function first(?Item $a = null, string ...$rest): static { return $this; }\n}\n"
        "enum Suit: string { case Hearts = 'H'; }\ninterface I extends J {}\ntrait T {}\nfunction go(): Cart {}\n"
        "const TOP = 1;\n?><b><?= go() ?></b>\n"
    )
    by_name = {d.qualified: d for d in found.definitions}
    assert found.namespace == "App.Shop"
    assert (by_name["Cart"].bases, by_name["Cart"].doc) == (("Counting", "Base", ".Countable"), "A cart.")
    assert by_name["Cart.$items"].type == "Item[]"
    assert (by_name["Cart.$store"].type, by_name["Cart.$store"].exported) == ("Store", False)
    first = by_name["Cart.first"]
    assert (first.type, first.signature) == ("Cart", "function first(?Item $a = null, string ...$rest): static")
    assert [(p.name, p.annotation, p.default) for p in first.parameters] == [
        ("$a", "?Item", "null"),
        ("$rest", "string", None),
    ]
    assert [by_name[n].kind for n in ("Suit", "I", "T", "go", "TOP")] == [
        "enum",
        "interface",
        "class",
        "function",
        "constant",
    ]
    assert by_name["Suit.Hearts"].type == "Suit"
    assert [e.name for e in found.exports] == ["Cart", "Suit", "I", "T", "go", "TOP"]


def test_imports_grouped_and_aliased():
    found = facts(
        "<?php\nuse A\\{B, C\\D as E, function f, const K};\nuse function G\\h as i;\nnew B; new E\\F; f(); i(); K;\n"
    )
    assert [(i.module, i.name, i.local) for i in found.imports] == [
        ("A\\B", "B", "B"), ("A\\C\\D", "D", "E"), ("A\\f", "f", "f"), ("A\\K", "K", "K"), ("G\\h", "h", "i"),
        ("A\\C\\D\\F", "F", ""),
    ]  # fmt: skip


def test_damaged_and_deep_sources_give_facts():
    for text in (
        "<?php class A { function b(",
        "<?php " + "(" * 3000,
        "<?php " + "$a = " * 2000,
        "\x00\xff",
        "<?php }}}",
    ):
        named("php").extract(text.encode("latin-1"), "a.php")
    assert facts("<?php class A { function b() { 1 + } }").errors


def test_namespaces_lead_to_files_by_name_and_by_composer(repository):
    index = repository(
        {
            "composer.json": '{"autoload": {"psr-4": {"App\\\\": "src/"}}}',
            "src/Model/User.php": "<?php\nnamespace App\\Model;\nclass User { public function name(): string {} }\n",
            "src/Model/Team.php": "<?php\nnamespace App\\Model;\nclass Team { /** @var User[] */ private $all;\n"
            "  function add(User $u) { $u->name(); foreach ($this->all as $one) { $one->name(); } } }\n",
            "src/run.php": "<?php\nuse App\\Model\\User as Person;\nuse App\\Model\\Gone;\nuse Other\\Thing;\nuse App\\Model;\n"
            "require_once __DIR__ . '/lib/x.php';\ninclude 'missing.php';\nrequire dirname(__DIR__) . '/gone.php';\n"
            "(new Person())->name();\n(new Model\\User)->name();\n(new \\App\\Model\\User)->name();\n",
            "src/lib/x.php": "<?php\n",
        }
    )
    assert edges(index, "src/Model/Team.php") == [("", "src/Model/User.php", "resolved")]
    assert edges(index, "src/run.php") == [
        ("App\\Model\\User", "src/Model/User.php", "resolved"),
        ("App\\Model\\Gone", None, "unresolved"),
        ("Other\\Thing", None, "external"),
        ("App\\Model", None, "resolved"),
        ("./lib/x.php", "src/lib/x.php", "resolved"),
        ("missing.php", None, "external"),
        ("../gone.php", None, "unresolved"),
        ("App\\Model\\User", "src/Model/User.php", "resolved"),
    ]
    assert places(index, "src/Model/User.php::User.name") == [
        "src/Model/Team.php:4:call", "src/Model/Team.php:4:call", "src/Model/User.php:3:definition",
        "src/run.php:9:call", "src/run.php:10:call", "src/run.php:11:call",
    ]  # fmt: skip
    assert [p.split(":")[1] for p in places(index, "src/Model/User.php::User") if p.startswith("src/run")] == [
        "2", "2", "9", "10", "11",
    ]  # fmt: skip


def test_a_property_and_a_method_of_one_name_are_two(repository):
    index = repository(
        {
            "a.php": "<?php\nclass A {\n  private $name;\n  function name() { return $this->name; }\n}\n"
            "class B extends A {\n  function name() { return parent::name() . self::class; }\n}\n(new A)->name();\n"
        }
    )
    assert places(index, "a.php::A.name") == [
        "a.php:4:definition", "a.php:7:definition", "a.php:7:call", "a.php:9:call",
    ]  # fmt: skip
    assert places(index, "a.php::A.$name") == ["a.php:3:definition", "a.php:4:use"]


def test_functions_fall_back_to_the_global_namespace_and_classes_do_not(repository):
    index = repository(
        {
            "lib.php": "<?php\nfunction helper() {}\nclass Thing {}\nconst LIMIT = 1;\n",
            "use.php": "<?php\nnamespace N;\nhelper();\nnew Thing;\nnew \\Thing;\necho LIMIT;\n",
        }
    )
    assert places(index, "lib.php::helper") == ["lib.php:2:definition", "use.php:3:call"]
    assert places(index, "lib.php::Thing") == ["lib.php:3:definition", "use.php:5:call"]
    assert places(index, "lib.php::LIMIT") == ["lib.php:4:definition", "use.php:6:use"]


def test_traits_constants_and_statics(repository):
    index = repository(
        {
            "t.php": "<?php\ntrait T { public static $count = 0; function go() {} }\n",
            "a.php": "<?php\nclass A {\n  use T { go as protected went; }\n  const ONE = 1;\n  static function make(): static {}\n"
            "  function f() { static::$count++; return self::ONE; }\n}\nA::make()->go();\n",
        }
    )
    assert places(index, "t.php::T.go") == ["a.php:3:use", "a.php:8:call", "t.php:2:definition"]
    assert places(index, "t.php::T.$count") == ["a.php:6:use", "t.php:2:definition"]
    assert places(index, "a.php::A.ONE") == ["a.php:4:definition", "a.php:6:use"]


def test_several_namespaces_in_one_file(repository):
    index = repository(
        {"a.php": "<?php\nnamespace A { class C {} new C; }\nnamespace B { class C {} new C; new \\A\\C; }\n"}
    )
    assert [d.qualified for d in index.facts("a.php").definitions] == ["A.C", "B.C"]
    assert places(index, "a.php::A.C") == ["a.php:2:definition", "a.php:2:call", "a.php:3:call"]
    assert places(index, "a.php::B.C") == ["a.php:3:definition", "a.php:3:call"]
