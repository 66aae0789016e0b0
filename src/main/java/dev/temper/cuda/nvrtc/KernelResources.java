package dev.temper.cuda.nvrtc;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Registers and memory of a kernel, as reported by the assembler.
 *
 * @param registers registers per thread
 * @param spillBytes bytes per thread that spilled registers store and load; 0 in a kernel of a release
 * @param stackBytes local memory per thread
 * @param sharedBytes static shared memory per block
 */
public record KernelResources(int registers, int spillBytes, int stackBytes, int sharedBytes) {

  private static final Pattern FUNCTION = Pattern.compile("Compiling entry function '([^']+)'");
  private static final Pattern MEMORY =
      Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

  /** Reads the log of a compilation with {@code --ptxas-options=-v}: entry points by name, in the log's order. */
  static Map<String, KernelResources> parse(String log) {
    Map<String, KernelResources> found = new LinkedHashMap<>();
    Matcher function = FUNCTION.matcher(log);
    while (function.find()) {
      Matcher next = FUNCTION.matcher(log);
      String part = log.substring(function.end(), next.find(function.end()) ? next.start() : log.length());
      Matcher memory = MEMORY.matcher(part);
      boolean reported = memory.find();
      found.put(function.group(1), new KernelResources(first(REGISTERS, part),
          reported ? Integer.parseInt(memory.group(2)) + Integer.parseInt(memory.group(3)) : 0,
          reported ? Integer.parseInt(memory.group(1)) : 0, first(SHARED, part)));
    }
    return found;
  }

  private static int first(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }
}
