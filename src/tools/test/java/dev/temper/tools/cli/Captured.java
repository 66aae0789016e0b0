package dev.temper.tools.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** The output of a verb and its exit status. */
record Captured(int status, String out, String err) {

  static Captured run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status = Temper.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Captured(status, out.toString(), err.toString());
  }
}
