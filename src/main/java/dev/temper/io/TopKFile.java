package dev.temper.io;

import dev.temper.DType;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.TopKLists;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Saves and loads the lists of a top-k teacher as a safetensors file with the tensors {@code teacher_ids}, {@code
 * teacher_log_probs}, {@code teacher_lse}, {@code teacher_mass} and {@code teacher_log_tail}. The metadata hold {@code
 * temperature}, {@code k} and {@code classes}.
 */
public final class TopKFile implements Closeable {

  private final SafetensorsFile file;
  private final TopKLists lists;

  private TopKFile(SafetensorsFile file) {
    this.file = file;
    lists = read(file);
  }

  /**
   * Maps a file. The lists are valid until the file is closed.
   *
   * @throws IllegalArgumentException if the file holds no such lists; the message names the file and the fault
   * @throws IOException if the file cannot be read
   */
  public static TopKFile open(Path path) throws IOException {
    SafetensorsFile file = SafetensorsFile.open(path);
    try {
      return new TopKFile(file);
    } catch (RuntimeException e) {
      file.close();
      throw e instanceof IllegalArgumentException && !String.valueOf(e.getMessage()).startsWith(path.toString())
          ? new IllegalArgumentException(path + ": " + e.getMessage(), e) : e;
    }
  }

  /** Returns the lists in the mapped memory of the file. */
  public TopKLists lists() {
    return lists;
  }

  @Override
  public void close() {
    file.close();
  }

  private static TopKLists read(SafetensorsFile file) {
    Tensor ids = file.tensor("teacher_ids");
    if (ids.shape().size() != 2 || ids.dtype() != DType.I32 || ids.shape().get(1) > Teacher.MOST_IDS) {
      throw new IllegalArgumentException("teacher_ids is " + ids.describe() + ", expected [rows, k] I32 with k from 1"
          + " to " + Teacher.MOST_IDS);
    }
    long rows = ids.shape().get(0);
    int k = Math.toIntExact(ids.shape().get(1));
    Tensor logs = file.tensor("teacher_log_probs");
    return new TopKLists(IdMatrix.of(ids.data(), rows, k), HostMatrix.of(logs.data(), rows, k, logs.dtype()),
        vector(file, "teacher_lse", rows), vector(file, "teacher_mass", rows), vector(file, "teacher_log_tail", rows),
        (int) number(file, "classes"), number(file, "temperature"));
  }

  private static RowVector vector(SafetensorsFile file, String name, long rows) {
    Tensor tensor = file.tensor(name);
    return RowVector.weights(tensor.data(), rows, tensor.dtype());
  }

  private static double number(SafetensorsFile file, String name) {
    String text = file.metadata().get(name);
    if (text == null) {
      throw new IllegalArgumentException("the metadata have no " + name + "; this is not a file of top-k lists");
    }
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("the metadata have the " + name + " " + Quoted.of(text)
          + ", expected a number", e);
    }
  }

  /**
   * Writes lists. The file appears whole or not at all.
   *
   * @param lists lists in host memory, whose log-probabilities have no gaps between the rows
   * @throws IllegalArgumentException if the lists lie in device memory or have gaps
   * @throws IOException if the file cannot be written
   */
  public static void write(Path path, TopKLists lists) throws IOException {
    if (!(lists.logProbabilities() instanceof HostMatrix logs) || logs.rowStride() != lists.ids().k()) {
      throw new IllegalArgumentException("teacher_log_probs is " + lists.logProbabilities()
          + ", expected host memory without gaps between the rows; copy it there");
    }
    long rows = lists.ids().rows();
    long k = lists.ids().k();
    List<Tensor> tensors = List.of(
        new Tensor("teacher_ids", DType.I32, List.of(rows, k), segment("teacher_ids", lists.ids().values())),
        new Tensor("teacher_log_probs", lists.logProbabilities().dtype(), List.of(rows, k),
            logs.rows(0, rows).segment()),
        new Tensor("teacher_lse", DType.F32, List.of(rows), segment("teacher_lse", lists.logSumExp())),
        new Tensor("teacher_mass", DType.F32, List.of(rows), segment("teacher_mass", lists.mass())),
        new Tensor("teacher_log_tail", DType.F32, List.of(rows), segment("teacher_log_tail", lists.logTail())));
    SafetensorsWriter.write(path, Map.of("temperature", String.valueOf(lists.temperature()), "k", String.valueOf(k),
        "classes", String.valueOf(lists.classes())), tensors);
  }

  private static MemorySegment segment(String name, RowVector vector) {
    if (vector instanceof RowVector.Host host) {
      return host.segment();
    }
    throw new IllegalArgumentException(name + " is " + vector + ", expected host memory; copy it there");
  }
}
