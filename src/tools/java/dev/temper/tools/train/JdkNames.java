package dev.temper.tools.train;

import dev.temper.tools.train.Corpus.TextDocument;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Real text that every machine with Java has: the names of the classes and methods of the running JDK, read from its
 * module image. Each class is a document, such as {@code array list : add all , remove if , trim to size .}
 */
public final class JdkNames {

  private JdkNames() {}

  /**
   * Reads the names of all classes that declare a method.
   *
   * @throws IOException if the module image cannot be read
   */
  public static Corpus read() throws IOException {
    List<TextDocument> documents = new ArrayList<>();
    Path modules = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules");
    try (Stream<Path> files = Files.walk(modules)) {
      // The order of a directory listing is undefined; sorting gives the same corpus from the same JDK.
      List<Path> classes = files.filter(f -> f.toString().endsWith(".class")).sorted().toList();
      for (Path file : classes) {
        ClassModel model = ClassFile.of().parse(Files.readAllBytes(file));
        Set<String> methods = methods(model);
        if (!methods.isEmpty()) {
          documents.add(document(model.thisClass().asInternalName(), methods));
        }
      }
    }
    return new Corpus("class and method names of Java " + System.getProperty("java.version"), documents);
  }

  /** Returns the names in the order of declaration, overloads once, without constructors and synthetic methods. */
  private static Set<String> methods(ClassModel model) {
    Set<String> names = new LinkedHashSet<>();
    for (MethodModel method : model.methods()) {
      String name = method.methodName().stringValue();
      if (!name.startsWith("<") && !method.flags().has(AccessFlag.SYNTHETIC)) {
        names.add(name);
      }
    }
    return names;
  }

  static TextDocument document(String internalName, Set<String> methods) {
    String name = internalName.substring(internalName.lastIndexOf('/') + 1);
    List<String> words = Words.in(name.replace('$', ' '));
    String separator = ":";
    for (String method : methods) {
      words.add(separator);
      words.addAll(Words.in(method.replace('_', ' ').replace('$', ' ')));
      separator = ",";
    }
    words.add(".");
    return new TextDocument(topLevel(internalName), List.copyOf(words));
  }

  /**
   * Returns the top-level class, which is the group of its nested classes. A nested class is similar to its outer
   * class, so both must be in one part of the split.
   */
  private static String topLevel(String internalName) {
    int nested = internalName.indexOf('$', internalName.lastIndexOf('/') + 2);
    return nested < 0 ? internalName : internalName.substring(0, nested);
  }
}
