package dev.temper.diagnostics;

/**
 * One thing that an engine needs, and what became of the search for it.
 *
 * @param subject what was looked for, in a word or two, such as {@code NVRTC}
 * @param result one sentence: path, version and how it was found, or every place tried with the reason
 */
public record Finding(String subject, String result) {}
