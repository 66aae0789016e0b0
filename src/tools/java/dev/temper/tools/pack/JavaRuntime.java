package dev.temper.tools.pack;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.spi.ToolProvider;

/** Tools of the JDK, called in this process. */
final class JavaRuntime {

  /** Modules of the verbs; {@code train} draws with java.desktop, which would add 19 MB. */
  private static final String MODULES = "java.base,java.logging";

  private JavaRuntime() {}

  /** Links a compressed runtime for the system of this process. It has 42 MB, of which the virtual machine takes 29. */
  static void link(Path folder) throws IOException {
    run("jlink", "--add-modules", MODULES, "--strip-debug", "--no-header-files", "--no-man-pages", "--compress",
        "zip-9", "--output", folder.toString());
  }

  /** Archives a folder of classes and resources as a jar. */
  static void archive(Path classes, Path jar) throws IOException {
    run("jar", "--create", "--file", jar.toString(), "-C", classes.toString(), ".");
  }

  private static void run(String tool, String... arguments) throws IOException {
    StringWriter output = new StringWriter();
    PrintWriter out = new PrintWriter(output, true);
    int status = ToolProvider.findFirst(tool).orElseThrow(() -> new IllegalStateException("the Java runtime at "
        + System.getProperty("java.home") + " has no " + tool + ", expected a full JDK; set JAVA_HOME to one"))
        .run(out, out, arguments);
    if (status != 0) {
      throw new IOException(tool + " " + String.join(" ", Arrays.asList(arguments)) + " failed with status " + status
          + ": "
          + output.toString().strip());
    }
  }
}
