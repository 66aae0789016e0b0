package dev.temper.diagnostics;

/**
 * A requirement of an engine, such as a library, and the result of the search for it.
 *
 * @param subject the requirement in one or two words, such as {@code NVRTC}
 * @param result one sentence with path, version and kind of place, or with every place tried and its reason
 */
public record Finding(String subject, String result) {}
