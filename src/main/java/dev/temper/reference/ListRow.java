package dev.temper.reference;

import dev.temper.HostMatrix;
import dev.temper.RowVector;
import dev.temper.spi.HostRows;
import dev.temper.spi.TeacherLists;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * One row of a teacher that is given by lists, without its unused slots.
 *
 * @param ids classes
 * @param logs log-probabilities of the classes, or the logarithms of their weights
 * @param logTail logarithm of the mass outside the slots; NaN if it is not given
 * @param temperature temperature of the log-probabilities; NaN if it is that of the loss
 */
@SuppressWarnings("ArrayRecordComponent") // the arrays live for one row
public record ListRow(int[] ids, double[] logs, double logTail, double temperature) {

  /** Reads a row from host memory. */
  static ListRow read(TeacherLists lists, long row) {
    int k = lists.ids().k();
    RowVector.Host ids = (RowVector.Host) lists.ids().values();
    HostMatrix values = ReferenceLoss.host(lists.valuesName(), lists.values());
    int[] used = new int[k];
    double[] logs = new double[k];
    int count = 0;
    for (int slot = 0; slot < k; slot++) {
      int id = ids.segment().get(ValueLayout.JAVA_INT_UNALIGNED, (row * k + slot) * Integer.BYTES);
      if (id >= 0) {
        double value = HostRows.element(values, row, slot);
        used[count] = id;
        logs[count] = lists.weights() ? StrictMath.log(value) : value;
        count++;
      }
    }
    double logTail = lists.logTail() instanceof RowVector.Host tails ? HostRows.value(tails, row) : Double.NaN;
    return new ListRow(Arrays.copyOf(used, count), Arrays.copyOf(logs, count), logTail,
        lists.temperature().orElse(Double.NaN));
  }

  /** Returns the number of used slots. */
  int count() {
    return ids.length;
  }
}
