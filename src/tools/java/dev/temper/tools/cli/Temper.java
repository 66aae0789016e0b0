package dev.temper.tools.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/** The command {@code temper}. A verb is a class listed under {@code subcommands}. */
@Command(
    name = "temper",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    description = "Knowledge-distillation losses and their gradients.",
    footer = {"", "The help of a verb: temper help VERB, or temper VERB --help."},
    subcommands = {
        TrainCommand.class,
        LossCommand.class,
        TopKCommand.class,
        VerifyCommand.class,
        BenchCommand.class,
        TuneCommand.class,
        DoctorCommand.class,
        GpuCheckCommand.class,
        PackCommand.class,
        HelpCommand.class,
    })
public final class Temper implements Runnable {

  @Spec private CommandSpec spec;

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces of errors.")
  private boolean debug;

  Temper() {}

  /** Runs a verb and exits with 0 (done), 1 (the work or a check failed) or 2 (the call or an input is wrong). */
  public static void main(String[] args) {
    StandardOutput standard = new StandardOutput();
    PrintWriter out = writer(standard, System.out.charset());
    PrintWriter err = writer(System.err, System.err.charset());
    int status = run(out, err, args);
    out.flush();
    String lost = standard.failure();
    if (!lost.isEmpty()) {
      err.println("temper: cannot write to stdout: " + lost + "; the results printed are not whole");
      status = Math.max(status, Errors.FAILED);
    }
    err.flush();
    System.exit(status);
  }

  /** Runs a verb with the given streams and returns the exit status. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    Temper root = new Temper();
    CommandLine line = new CommandLine(root)
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .registerConverter(Double.class, Numbers::real)
        .registerConverter(double.class, Numbers::real)
        .registerConverter(Integer.class, Numbers::integer)
        .registerConverter(int.class, Numbers::integer)
        .registerConverter(Long.class, Numbers::wide)
        .registerConverter(long.class, Numbers::wide)
        .setParameterExceptionHandler((e, given) -> Errors.report(e, e.getCommandLine(), root.debug))
        .setExecutionExceptionHandler((e, command, parsed) -> Errors.report(e, command, root.debug));
    try {
      return line.execute(args);
    } catch (VirtualMachineError | LinkageError e) {
      return Errors.report(e, line, root.debug);
    }
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no verb given; known: "
        + String.join(", ", spec.subcommands().keySet()));
  }

  private static PrintWriter writer(java.io.OutputStream stream, Charset charset) {
    return new PrintWriter(stream, true, charset);
  }
}
