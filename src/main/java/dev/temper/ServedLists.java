package dev.temper;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Makes a teacher of the log-probabilities that serving engines such as vLLM and SGLang return. Each position has a
 * list of k or k + 1 entries in any order, at temperature 1; a position without a list is null or empty. The sampled
 * token often repeats an id of its position; such an entry is left out. A list of {@value #MOST_ENTRIES} distinct
 * classes loses its least probable entry, which is the sampled token. The mass of this token then counts as outside the
 * list.
 *
 * {@snippet class="dev.temper.snippets.ServedTeacher" region="served"}
 */
public final class ServedLists {

  /** Most entries of a position: the most probable classes, and the sampled token. */
  public static final int MOST_ENTRIES = Teacher.MOST_IDS + 1;

  private ServedLists() {}

  /**
   * Returns a teacher whose row {@code r} has the list of position {@code r}. This fits log-probabilities of generated
   * tokens, where the student's row {@code r} predicts the token of position {@code r}.
   *
   * @param ids classes of each position
   * @param logProbabilities their log-probabilities
   * @throws LossArgumentException if the lengths differ, or a position has more than {@value #MOST_ENTRIES} entries
   */
  public static TopKTeacher of(int[] @Nullable [] ids, float[] @Nullable [] logProbabilities, Tail tail) {
    return teacher(ids, logProbabilities, 0, tail);
  }

  /**
   * Returns a teacher whose row {@code r} has the list of position {@code r + 1}. This fits log-probabilities of a
   * prompt. The list of a position describes the token at that position, which the student predicts one row earlier.
   * The first list is not used, and the last row has none.
   *
   * @throws LossArgumentException as for {@link #of}
   */
  public static TopKTeacher ofPrompt(int[] @Nullable [] ids, float[] @Nullable [] logProbabilities, Tail tail) {
    return teacher(ids, logProbabilities, 1, tail);
  }

  private static TopKTeacher teacher(int[] @Nullable [] ids, float[] @Nullable [] logs, int shift, Tail tail) {
    if (ids.length != logs.length) {
      throw new LossArgumentException("ids has ", ids.length, " positions and logProbabilities ", logs.length,
          ", expected as many");
    }
    int k = 1;
    for (int position = 0; position < ids.length; position++) {
      int length = length(ids[position], logs[position], position);
      k = Math.max(k, Math.min(length, Teacher.MOST_IDS));
    }
    if (ids.length > Integer.MAX_VALUE / k) {
      throw new LossArgumentException("ids has ", ids.length, " positions, expected at most ", Integer.MAX_VALUE / k,
          " where a list has ", k, " entries; make several teachers");
    }
    int[] allIds = new int[ids.length * k];
    float[] allLogs = new float[ids.length * k];
    Arrays.fill(allIds, -1);
    for (int position = shift; position < ids.length; position++) {
      int[] from = ids[position];
      float[] values = logs[position];
      if (from != null && values != null) {
        int start = (position - shift) * k;
        copy(from, values, start, start + k, allIds, allLogs);
      }
    }
    return Teacher.topK(IdMatrix.of(allIds, ids.length, k), HostMatrix.of(allLogs, ids.length, k), tail)
        .atTemperature(1);
  }

  private static int length(int @Nullable [] ids, float @Nullable [] logs, int position) {
    int given = ids == null ? 0 : ids.length;
    int values = logs == null ? 0 : logs.length;
    if (given != values) {
      throw new LossArgumentException("position ", position, " has ", given, " ids and ", values,
          " log-probabilities, expected as many");
    }
    if (given > MOST_ENTRIES) {
      throw new LossArgumentException("position ", position, " has ", given, " ids, expected at most ", MOST_ENTRIES);
    }
    return given;
  }

  private static void copy(int[] ids, float[] logs, int start, int end, int[] allIds, float[] allLogs) {
    int used = start;
    for (int i = 0; i < ids.length; i++) {
      boolean repeated = false;
      for (int earlier = 0; earlier < i; earlier++) {
        repeated |= ids[earlier] == ids[i];
      }
      if (repeated) {
        continue;
      }
      int slot = used < end ? used : leastProbable(allLogs, start, end);
      if (used < end || !(logs[i] <= allLogs[slot])) { // NaN stays, so that a loss refuses it
        allIds[slot] = ids[i];
        allLogs[slot] = logs[i];
        used = Math.min(used + 1, end);
      }
    }
  }

  private static int leastProbable(float[] logs, int start, int end) {
    int least = start;
    for (int i = start + 1; i < end; i++) {
      least = logs[i] < logs[least] ? i : least;
    }
    return least;
  }
}
