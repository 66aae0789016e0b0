package dev.temper.cuda.nvrtc;

import dev.temper.kernel.code.KernelSource;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An error in the source of a kernel. The message holds kernel, options, log and the numbered source around the first
 * error.
 */
public final class KernelCompileException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private static final Pattern ERROR =
      Pattern.compile("(?m)^(?<file>[^\\s(]+)\\((?<line>\\d+)\\): (catastrophic )?error");
  private static final int CONTEXT = 4;

  KernelCompileException(String kernel, KernelSource source, List<String> options, String log) {
    super("kernel " + kernel + " (" + source.file() + ") did not compile\noptions: " + String.join(" ", options) + "\n"
        + log
        + excerpt(source, log));
  }

  private static String excerpt(KernelSource source, String log) {
    Matcher error = ERROR.matcher(log);
    if (!error.find()) {
      return "";
    }
    String text = textOf(source, error.group("file"));
    if (text == null) {
      return "";
    }
    List<String> lines = text.lines().toList();
    int line = Integer.parseInt(error.group("line"));
    StringBuilder excerpt = new StringBuilder("\n").append(error.group("file")).append(":");
    for (int i = Math.max(1, line - CONTEXT); i <= Math.min(lines.size(), line + CONTEXT); i++) {
      excerpt.append(String.format(Locale.ROOT, "%n%s%5d  %s", i == line ? ">" : " ", i, lines.get(i - 1)));
    }
    return excerpt.toString();
  }

  private static @Nullable String textOf(KernelSource source, String file) {
    return file.equals(source.file()) ? source.text() : source.headers().get(file);
  }
}
