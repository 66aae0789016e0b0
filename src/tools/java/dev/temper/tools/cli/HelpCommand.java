package dev.temper.tools.cli;

import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** {@code temper help}: prints the help of a verb. */
@Command(name = "help", description = "Prints the help of a verb, or the list of verbs.")
final class HelpCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "VERB", description = "Name of a verb (default: none, for the list).")
  private @Nullable String verb;

  @Override
  public void run() {
    CommandLine root = spec.parent().commandLine();
    CommandLine described = verb == null ? root : root.getSubcommands().get(verb);
    if (described == null) {
      throw new IllegalArgumentException(Errors.unknownVerb(String.valueOf(verb),
          new ArrayList<>(root.getSubcommands().keySet())));
    }
    described.usage(spec.commandLine().getOut());
  }
}
