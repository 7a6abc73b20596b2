import com.sun.source.tree.*;
import com.sun.source.util.*;
import com.sun.tools.javac.tree.JCTree;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import javax.lang.model.element.*;
import javax.lang.model.util.*;
import javax.tools.*;

/**
 * What every name of a Java source tree means to javac.
 *
 * <p>Arguments: the root of the tree, the class path. Lines of tab-separated fields on standard output:
 * {@code use FILE OFFSET FILE OFFSET} (a name, and the name in the declaration of what it means),
 * {@code declares FILE OFFSET KIND}, {@code overrides FILE OFFSET FILE OFFSET}. Offsets count UTF-16 units.
 */
public class JavaNames {
    private static final Set<ElementKind> LOCAL = EnumSet.of(
            ElementKind.LOCAL_VARIABLE, ElementKind.PARAMETER, ElementKind.EXCEPTION_PARAMETER,
            ElementKind.RESOURCE_VARIABLE, ElementKind.BINDING_VARIABLE, ElementKind.TYPE_PARAMETER,
            ElementKind.PACKAGE, ElementKind.OTHER, ElementKind.MODULE);

    private final Path root;
    private final Map<Element, String> declared = new HashMap<>();
    private final PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");

    private JavaNames(Path root) throws IOException {
        this.root = root;
    }

    public static void main(String[] arguments) throws IOException {
        new JavaNames(Path.of(arguments[0]).toRealPath()).run(arguments.length > 1 ? arguments[1] : "");
    }

    private void run(String classPath) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8);
        List<Path> sources;
        try (Stream<Path> walk = Files.walk(root)) {
            sources = walk.filter(p -> p.toString().endsWith(".java") && !p.endsWith("module-info.java")
                    && !p.endsWith("package-info.java")).sorted().collect(Collectors.toList());
        }
        List<String> options = List.of("-proc:none", "-implicit:none", "-XDshould-stop.ifError=FLOW", "-nowarn",
                "-Xmaxerrs", "100000", "-cp", classPath);
        int[] errors = {0};
        JavacTask task = (JavacTask) compiler.getTask(new StringWriter(), files,
                d -> errors[0] += d.getKind() == Diagnostic.Kind.ERROR ? 1 : 0, options, null,
                files.getJavaFileObjectsFromPaths(sources));
        List<CompilationUnitTree> units = new ArrayList<>();
        task.parse().forEach(units::add);
        task.analyze();
        Trees trees = Trees.instance(task);
        List<ExecutableElement> methods = new ArrayList<>();
        for (CompilationUnitTree unit : units) {
            new Declarations(trees, unit, methods).scan(unit, null);
        }
        for (CompilationUnitTree unit : units) {
            new Uses(trees, unit).scan(unit, null);
        }
        overrides(methods, task.getElements(), task.getTypes());
        System.err.println(sources.size() + " files, " + errors[0] + " errors");
        out.flush();
    }

    private void overrides(List<ExecutableElement> methods, Elements elements, Types types) {
        for (ExecutableElement method : methods) {
            TypeElement holder = (TypeElement) method.getEnclosingElement();
            Deque<javax.lang.model.type.TypeMirror> todo = new ArrayDeque<>(types.directSupertypes(holder.asType()));
            Set<Element> seen = new HashSet<>();
            while (!todo.isEmpty()) {
                javax.lang.model.type.TypeMirror above = todo.pop();
                Element base = types.asElement(above);
                if (base == null || !seen.add(base)) {
                    continue;
                }
                todo.addAll(types.directSupertypes(above));
                for (ExecutableElement other : ElementFilter.methodsIn(base.getEnclosedElements())) {
                    if (declared.containsKey(other) && other.getSimpleName().equals(method.getSimpleName())
                            && elements.overrides(method, other, holder)) {
                        out.println("overrides\t" + declared.get(method) + "\t" + declared.get(other));
                    }
                }
            }
        }
    }

    private abstract class Names extends TreePathScanner<Void, Void> {
        final Trees trees;
        final CompilationUnitTree unit;
        final SourcePositions positions;
        final String text;
        final String file;

        Names(Trees trees, CompilationUnitTree unit) {
            this.trees = trees;
            this.unit = unit;
            this.positions = trees.getSourcePositions();
            try {
                this.text = unit.getSourceFile().getCharContent(true).toString();
                this.file = root.relativize(Path.of(unit.getSourceFile().toUri()).toRealPath()).toString();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        boolean stands(String name, long at) {
            return at >= 0 && text.startsWith(name, (int) at);
        }

        /** The first place at or after an offset where a name stands as a word, -1 where there is none. */
        long after(String name, long from) {
            for (int at = text.indexOf(name, (int) Math.max(from, 0)); at >= 0; at = text.indexOf(name, at + 1)) {
                int end = at + name.length();
                if ((at == 0 || !Character.isJavaIdentifierPart(text.charAt(at - 1)))
                        && (end >= text.length() || !Character.isJavaIdentifierPart(text.charAt(end)))) {
                    return at;
                }
            }
            return -1;
        }
    }

    private class Declarations extends Names {
        private final List<ExecutableElement> methods;

        Declarations(Trees trees, CompilationUnitTree unit, List<ExecutableElement> methods) {
            super(trees, unit);
            this.methods = methods;
        }

        private void declare(Tree tree, String name) {
            Element element = trees.getElement(getCurrentPath());
            long at = element == null || name.isEmpty() ? -1 : after(name, ((JCTree) tree).pos);
            if (at < 0 || positions.getStartPosition(unit, tree) < 0 || LOCAL.contains(element.getKind())) {
                return;
            }
            declared.put(element, file + "\t" + at);
            String kind = element instanceof TypeElement ? "type" : element instanceof VariableElement ? "field" : "method";
            out.println("declares\t" + file + "\t" + at + "\t" + kind);
            if (element.getKind() == ElementKind.METHOD) {
                methods.add((ExecutableElement) element);
            }
        }

        @Override
        public Void visitClass(ClassTree tree, Void none) {
            declare(tree, tree.getSimpleName().toString());
            return super.visitClass(tree, none);
        }

        @Override
        public Void visitMethod(MethodTree tree, Void none) {
            if (!tree.getName().contentEquals("<init>")) {
                declare(tree, tree.getName().toString());
            }
            return super.visitMethod(tree, none);
        }

        @Override
        public Void visitVariable(VariableTree tree, Void none) {
            declare(tree, tree.getName().toString());
            return super.visitVariable(tree, none);
        }
    }

    private class Uses extends Names {
        Uses(Trees trees, CompilationUnitTree unit) {
            super(trees, unit);
        }

        private void use(String name, long at) {
            Element element = trees.getElement(getCurrentPath());
            if (element != null && element.getKind() == ElementKind.CONSTRUCTOR) {
                element = element.getEnclosingElement();
            }
            String meant = element == null ? null : declared.get(element);
            boolean named = !name.equals("this") && !name.equals("super"); // of a constructor that calls another
            if (meant != null && named && stands(name, at)) {
                out.println("use\t" + file + "\t" + at + "\t" + meant);
            }
        }

        @Override
        public Void visitMethod(MethodTree tree, Void none) {
            Element element = trees.getElement(getCurrentPath());
            if (tree.getName().contentEquals("<init>") && element != null) {
                String name = element.getEnclosingElement().getSimpleName().toString();
                if (!name.isEmpty() && positions.getEndPosition(unit, tree) >= 0) {
                    use(name, ((JCTree) tree).pos);
                }
            }
            return super.visitMethod(tree, none);
        }

        /** The name in a static import means every overload; the compiler gives it none. */
        @Override
        public Void visitImport(ImportTree tree, Void none) {
            if (tree.isStatic() && tree.getQualifiedIdentifier() instanceof MemberSelectTree) {
                MemberSelectTree select = (MemberSelectTree) tree.getQualifiedIdentifier();
                TreePath holder = new TreePath(new TreePath(getCurrentPath(), select), select.getExpression());
                Element type = trees.getElement(holder);
                String name = select.getIdentifier().toString();
                long at = positions.getEndPosition(unit, select) - name.length();
                for (Element member : type == null ? List.<Element>of() : type.getEnclosedElements()) {
                    if (member.getSimpleName().contentEquals(name) && declared.containsKey(member) && stands(name, at)) {
                        out.println("use\t" + file + "\t" + at + "\t" + declared.get(member));
                    }
                }
            }
            return super.visitImport(tree, none);
        }

        @Override
        public Void visitIdentifier(IdentifierTree tree, Void none) {
            use(tree.getName().toString(), positions.getStartPosition(unit, tree));
            return super.visitIdentifier(tree, none);
        }

        @Override
        public Void visitMemberSelect(MemberSelectTree tree, Void none) {
            String name = tree.getIdentifier().toString();
            use(name, positions.getEndPosition(unit, tree) - name.length());
            return super.visitMemberSelect(tree, none);
        }

        @Override
        public Void visitMemberReference(MemberReferenceTree tree, Void none) {
            String name = tree.getName().toString();
            use(name, positions.getEndPosition(unit, tree) - name.length());
            return super.visitMemberReference(tree, none);
        }
    }
}
