package dev.temper.tools.cli;

import dev.temper.tools.files.Json;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Output of every verb: results on stdout, as text or as one JSON document, and notes on stderr. */
final class OutputOptions {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec verb;

  @Option(names = "--json", description = "Print one JSON document on stdout instead of text.")
  boolean json;

  /** The stream for results. */
  PrintWriter out() {
    return verb.commandLine().getOut();
  }

  /** Prints one line for people on stderr. */
  void note(String sentence) {
    PrintWriter err = verb.commandLine().getErr();
    err.println(sentence);
    err.flush();
  }

  /** Prints a record as the one JSON document on stdout. */
  void print(Object document) {
    out().print(Json.text(document));
    out().flush();
  }
}
