package dev.temper.tools.train;

import dev.temper.Tail;
import dev.temper.Teacher;
import dev.temper.TopKTeacher;
import dev.temper.io.TopKFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A teacher's most probable words for each example that a student learns from, read from a file. A student that learns
 * from the file needs no teacher any more.
 */
final class TopKCache implements BatchTeacher {

  private final TopKFile file;
  private final TopKTeacher teacher;
  private final int[] rowOfExample;

  private TopKCache(TopKFile file, Tail tail, int[] rowOfExample) {
    this.file = file;
    teacher = file.lists().teacher(tail);
    this.rowOfExample = rowOfExample;
  }

  /**
   * Opens a file.
   *
   * @param chosen the examples that the file was written for, in the order of its rows
   * @param examples number of all examples
   */
  static TopKCache open(Path path, Tail tail, int[] chosen, int examples) throws IOException {
    int[] rowOfExample = new int[examples];
    Arrays.fill(rowOfExample, -1);
    for (int row = 0; row < chosen.length; row++) {
      rowOfExample[chosen[row]] = row;
    }
    return new TopKCache(TopKFile.open(path), tail, rowOfExample);
  }

  @Override
  public Teacher of(WordBatch batch) {
    return SelectedRows.of(teacher, Arrays.stream(batch.examples()).map(example -> rowOfExample[example]).toArray());
  }

  @Override
  public void close() {
    file.close();
  }
}
