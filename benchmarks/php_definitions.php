<?php
// What nikic's PHP-Parser says of the files whose names come on standard input: one JSON object per line.
// defs: [kind, full name, line]; names: [start, full name] of every class that is named in the code.
spl_autoload_register(function (string $class): void {
    $file = '/usr/share/php/' . str_replace('\\', '/', $class) . '.php';
    if (is_file($file)) {
        require $file;
    }
});
use PhpParser\Node;
use PhpParser\NodeTraverser;
use PhpParser\NodeVisitor\NameResolver;
use PhpParser\NodeVisitorAbstract;
use PhpParser\ParserFactory;

final class Collect extends NodeVisitorAbstract
{
    public array $defs = [];
    public array $names = [];
    private array $classes = [];

    public function enterNode(Node $node)
    {
        $line = $node->getStartLine();
        $holder = end($this->classes) ?: '';
        if ($node instanceof Node\Stmt\ClassLike) {
            $name = $node->name === null ? '' : $node->namespacedName->toString();
            $this->classes[] = $name;
            if ($name !== '') {
                $this->defs[] = ['class', $name, $node->name->getStartLine()];
            }
        } elseif ($node instanceof Node\Stmt\Function_) {
            $this->defs[] = ['function', $node->namespacedName->toString(), $node->name->getStartLine()];
        } elseif ($holder !== '') {
            if ($node instanceof Node\Stmt\ClassMethod) {
                $this->defs[] = ['method', $holder . '\\' . $node->name, $node->name->getStartLine()];
                foreach ($node->params as $p) {
                    if ($p->flags !== 0) {
                        $this->defs[] = ['property', $holder . '\\$' . $p->var->name, $p->var->getStartLine()];
                    }
                }
            } elseif ($node instanceof Node\Stmt\Property) {
                foreach ($node->props as $p) {
                    $this->defs[] = ['property', $holder . '\\$' . $p->name, $p->getStartLine()];
                }
            } elseif ($node instanceof Node\Stmt\ClassConst) {
                foreach ($node->consts as $c) {
                    $this->defs[] = ['constant', $holder . '\\' . $c->name, $c->getStartLine()];
                }
            } elseif ($node instanceof Node\Stmt\EnumCase) {
                $this->defs[] = ['constant', $holder . '\\' . $node->name, $node->name->getStartLine()];
            }
        }
        foreach (['class', 'extends', 'implements', 'traits', 'type', 'returnType', 'types', 'name'] as $field) {
            $value = $node->$field ?? null;
            if ($field === 'name' && !($node instanceof Node\Attribute)) {
                continue;
            }
            foreach (is_array($value) ? $value : [$value] as $name) {
                $this->type($name);
            }
        }
        return null;
    }

    private function type($name): void
    {
        if ($name instanceof Node\NullableType) {
            $this->type($name->type);
        } elseif ($name instanceof Node\UnionType || $name instanceof Node\IntersectionType) {
            array_map([$this, 'type'], $name->types);
        } elseif ($name instanceof Node\Name && !$name->isSpecialClassName()) {
            $this->names[] = [$name->getStartFilePos(), $name->toString()];
        }
    }

    public function leaveNode(Node $node)
    {
        if ($node instanceof Node\Stmt\ClassLike) {
            array_pop($this->classes);
        }
        return null;
    }
}

$lexer = new PhpParser\Lexer\Emulative(['usedAttributes' => ['startLine', 'endLine', 'startFilePos', 'endFilePos']]);
$parser = (new ParserFactory())->create(ParserFactory::PREFER_PHP7, $lexer);
while (($path = fgets(STDIN)) !== false) {
    $path = rtrim($path, "\n");
    $out = ['path' => $path, 'ok' => true, 'defs' => [], 'names' => []];
    try {
        $tree = $parser->parse(file_get_contents($path));
        $collect = new Collect();
        $traverser = new NodeTraverser();
        $traverser->addVisitor(new NameResolver());
        $traverser->addVisitor($collect);
        $traverser->traverse($tree);
        $out['defs'] = $collect->defs;
        $out['names'] = $collect->names;
    } catch (PhpParser\Error $e) {
        $out['ok'] = false;
    }
    echo json_encode($out, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
