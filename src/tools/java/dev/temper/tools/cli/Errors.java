package dev.temper.tools.cli;

import dev.temper.EngineUnavailableException;
import dev.temper.LossArgumentException;
import dev.temper.internal.Names;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine.MutuallyExclusiveArgsException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import picocli.CommandLine;

/** Converts the exception of a verb to one or two lines on stderr and an exit status. */
final class Errors {

  /** The work failed, or a check did not hold. */
  static final int FAILED = 1;

  /** The call or an input is wrong. */
  static final int WRONG_INPUT = 2;

  private Errors() {}

  static int report(Throwable error, CommandLine command, boolean debug) {
    boolean wrapped = error instanceof UncheckedIOException && error.getCause() != null;
    Throwable cause = wrapped ? Objects.requireNonNull(error.getCause()) : error;
    PrintWriter err = command.getErr();
    err.println(command.getCommandSpec().qualifiedName() + ": " + sentence(cause));
    if (debug) {
      error.printStackTrace(err);
    }
    err.flush();
    return status(cause);
  }

  /** Files that cannot be read are inputs; files that cannot be written arrive as plain IOException. */
  private static int status(Throwable error) {
    boolean wrongInput = error instanceof ParameterException
        || error instanceof IllegalArgumentException
        || error instanceof EngineUnavailableException
        || error instanceof FileSystemException;
    return wrongInput ? WRONG_INPUT : FAILED;
  }

  private static String sentence(Throwable error) {
    return switch (error) {
      case UnmatchedArgumentException e -> unmatched(e);
      case MutuallyExclusiveArgsException e -> message(e).replaceFirst("^Error: ", "") + "; " + seeHelp(e);
      case ParameterException e -> message(e) + "; " + seeHelp(e);
      case NoSuchFileException e -> e.getFile() + ": no such file; check the path";
      case AccessDeniedException e -> e.getFile() + ": no permission to read it";
      case OutOfMemoryError e -> "out of memory (" + message(e) + ");"
          + " give the JVM more, such as JAVA_TOOL_OPTIONS=-Xmx8g, or a smaller batch";
      case LossArgumentException e -> OptionNames.text(e);
      case IllegalArgumentException e -> message(e);
      case IllegalStateException e -> message(e);
      case IOException e -> message(e);
      default -> error.getClass().getSimpleName() + ": " + message(error) + "; --debug shows where";
    };
  }

  private static String seeHelp(ParameterException e) {
    return "see " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
  }

  private static String unmatched(UnmatchedArgumentException e) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String found = e.getUnmatched().getFirst();
    int equals = found.indexOf('=');
    String unknown = equals < 0 ? found : found.substring(0, equals);
    if (unknown.startsWith("-")) {
      Set<String> options = command.getCommandSpec().optionsMap().keySet();
      String foreign = ForeignNames.ofOption(unknown, options);
      String near = Names.suggestion(unknown, options);
      return "unknown option '" + unknown + "'" + (foreign.isEmpty() ? near : foreign) + "; see " + name + " --help";
    }
    List<String> verbs = new ArrayList<>(command.getSubcommands().keySet());
    if (verbs.isEmpty()) {
      return "unexpected argument '" + unknown + "'; see " + name + " --help";
    }
    return "unknown verb '" + unknown + "'" + Names.suggestion(unknown, verbs) + "; known: " + String.join(", ", verbs);
  }

  private static String message(Throwable error) {
    return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
  }
}
