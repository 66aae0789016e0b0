package dev.temper.tools.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks the names of output files before any work is done. */
final class OutputFile {

  private OutputFile() {}

  /**
   * Checks that a file can be written.
   *
   * @throws IllegalArgumentException if the file's folder is missing or not writable, or if the file is a folder
   */
  static void check(String option, Path file) {
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException(option + " is " + file + ", which is a folder; expected the name of a file");
    }
    Path folder = folder(file);
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(option + " is " + file + ", but there is no folder " + folder
          + "; make it first");
    }
    requireWritable(option, file, folder);
  }

  /**
   * Checks that a safetensors file can be written beside the input that is still read.
   *
   * @throws IllegalArgumentException as for {@link #check}, or if the name has another end or is that of the input
   */
  static void checkTensors(String option, Path file, Path input) throws IOException {
    check(option, file);
    if (!file.toString().endsWith(".safetensors")) {
      throw new IllegalArgumentException(option + " is " + file + ", expected a name that ends in .safetensors");
    }
    if (Files.exists(file) && Files.exists(input) && Files.isSameFile(file, input)) {
      throw new IllegalArgumentException(option + " is " + file + ", the input itself; expected another file");
    }
  }

  /**
   * Makes a folder for several files, unless it exists.
   *
   * @throws IllegalArgumentException if a file has that name, or if the folder is not writable
   */
  static void makeFolder(String option, Path folder) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new IllegalArgumentException(option + " is " + folder + ", which is a file; expected the name of a folder");
    }
    Files.createDirectories(folder);
    requireWritable(option, folder, folder);
  }

  private static void requireWritable(String option, Path named, Path folder) {
    if (!Files.isWritable(folder)) {
      throw new IllegalArgumentException(
          option + " is " + named + ", but there is no permission to write into " + folder + "; choose another folder");
    }
  }

  private static Path folder(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file : file.getParent() == null ? parent : file.getParent();
  }
}
