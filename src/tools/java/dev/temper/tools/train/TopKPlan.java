package dev.temper.tools.train;

import dev.temper.Tail;
import java.nio.file.Path;

/**
 * The lists of a teacher's most probable words, which students read from a file in the place of the teacher's logits.
 *
 * @param k words of a row
 * @param tail meaning of the other words
 * @param folder folder of the files
 */
public record TopKPlan(int k, Tail tail, Path folder) {}
