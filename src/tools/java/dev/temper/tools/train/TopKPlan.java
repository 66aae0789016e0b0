package dev.temper.tools.train;

import dev.temper.Tail;
import java.nio.file.Path;

/**
 * How students learn from lists of a teacher's most probable words, read from a file, in the place of its logits.
 *
 * @param k words of a row
 * @param tail what the other words mean
 * @param folder where the files are written
 */
public record TopKPlan(int k, Tail tail, Path folder) {}
