package dev.temper.tools.cli;

import dev.temper.EngineUnavailableException;
import dev.temper.LossArgumentException;
import dev.temper.internal.Names;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
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
      case UnmatchedArgumentException e -> unmatched(e.getCommandLine(), e.getUnmatched());
      case MissingParameterException e when !e.getCommandLine().getUnmatchedArguments().isEmpty() -> unmatched(
          e.getCommandLine(), e.getCommandLine().getUnmatchedArguments());
      case MutuallyExclusiveArgsException e -> message(e).replaceFirst("^Error: ", "") + "; " + seeHelp(e);
      case ParameterException e -> message(e) + "; " + seeHelp(e);
      case NoSuchFileException e -> e.getFile() + ": no such file; check the path";
      case FileAlreadyExistsException e -> e.getFile() + ": a file of that name exists; choose another name";
      case AccessDeniedException e -> e.getFile() + ": no permission to read it; change its permissions";
      case OutOfMemoryError e -> "out of memory (" + message(e) + "); take a smaller batch, or if the Java heap is"
          + " full, give it more: JAVA_TOOL_OPTIONS=-Xmx8g";
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

  /**
   * Names the first argument that the verb does not have. It comes before a missing option, because it often is that
   * option, mistyped.
   */
  private static String unmatched(CommandLine command, List<String> arguments) {
    String name = command.getCommandSpec().qualifiedName();
    String found = arguments.getFirst();
    int equals = found.indexOf('=');
    String unknown = equals < 0 ? found : found.substring(0, equals);
    if (unknown.startsWith("-")) {
      Set<String> options = command.getCommandSpec().optionsMap().keySet();
      String foreign = ForeignNames.ofOption(unknown, options);
      String near = Names.suggestion(unknown, options);
      return "unknown option '" + unknown + "'" + (foreign.isEmpty() ? near : foreign) + "; see " + name + " --help";
    }
    List<String> verbs = new ArrayList<>(command.getSubcommands().keySet());
    return verbs.isEmpty() ? "unexpected argument '" + found + "'" + expected(command) + "; see " + name + " --help"
        : unknownVerb(unknown, verbs);
  }

  /** Names the required options of a verb, or {@code --json} if none is required and the verb has it. */
  private static String expected(CommandLine command) {
    List<String> required = command.getCommandSpec().requiredArgs().stream().filter(OptionSpec.class::isInstance)
        .map(arg -> (OptionSpec) arg).map(option -> option.longestName() + " " + option.paramLabel()).toList();
    String usual = command.getCommandSpec().findOption("--json") == null ? "" : "--json";
    String options = required.isEmpty() ? usual : String.join(" or ", required);
    return options.isEmpty() ? "" : ", expected options such as " + options;
  }

  /** Returns the message for a verb that does not exist. */
  static String unknownVerb(String unknown, List<String> verbs) {
    return "unknown verb '" + unknown + "'" + Names.suggestion(unknown, verbs) + "; known: " + String.join(", ", verbs);
  }

  private static String message(Throwable error) {
    return error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
  }
}
