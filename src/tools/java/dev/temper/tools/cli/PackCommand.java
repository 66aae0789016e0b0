package dev.temper.tools.cli;

import dev.temper.tools.bench.Revision;
import dev.temper.tools.pack.PortableFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code temper pack}: makes a folder for machines without a JDK. */
@Command(
    name = "pack",
    description = {
      "Makes a folder that runs on a machine of the same kind without JDK, Maven and network, such as a bare GPU host.",
      "The folder holds every verb but train, whose libraries would double it. Copy it there and run ./temper in it."
    })
final class PackCommand implements Callable<Integer> {

  /** The JSON document of {@code temper pack}. */
  record PackDocument(String folder, String version, String commit, long bytes) {}

  @Mixin private OutputOptions output;

  @Parameters(paramLabel = "FOLDER", description = "Folder to make.")
  private Path folder;

  PackCommand() {}

  @Override
  public Integer call() throws IOException {
    String revision = Revision.here();
    long bytes = PortableFolder.make(folder, Version.current(), revision);
    if (output.json) {
      output.print(new PackDocument(folder.toString(), Version.current(), revision, bytes));
    } else {
      output.out().printf(Locale.ROOT, "%s: %.1f MB, commit %s%n", folder, bytes / 1e6, revision);
      output.out().flush();
    }
    return 0;
  }
}
