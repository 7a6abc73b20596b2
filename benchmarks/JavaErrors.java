import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** For each folder named on a line of its input: how many errors javac reports on all sources below it. Nothing is written. */
public class JavaErrors {
    public static void main(String[] arguments) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String root = input.readLine(); root != null; root = input.readLine()) {
            List<File> files;
            try (Stream<Path> found = Files.walk(Path.of(root))) {
                files = found.filter(p -> p.toString().endsWith(".java")).sorted().map(Path::toFile).collect(Collectors.toList());
            }
            DiagnosticCollector<JavaFileObject> told = new DiagnosticCollector<>();
            StandardJavaFileManager manager = compiler.getStandardFileManager(told, null, StandardCharsets.UTF_8);
            List<String> options = List.of("-proc:none", "-nowarn", "-Xmaxerrs", "1000", "-XDshould-stop.ifNoError=FLOW");
            compiler.getTask(new StringWriter(), manager, told, options, null, manager.getJavaFileObjectsFromFiles(files)).call();
            System.out.println(told.getDiagnostics().stream().filter(d -> d.getKind() == Diagnostic.Kind.ERROR).count());
            System.out.flush();
        }
    }
}
