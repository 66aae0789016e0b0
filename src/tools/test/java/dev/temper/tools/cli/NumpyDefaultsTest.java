package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.tools.files.NumpyBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code temper loss} with arrays of NumPy's default types. */
final class NumpyDefaultsTest {

  @TempDir private Path folder;

  @Test
  void defaultTypesAreReadWithOneNote() throws IOException {
    Path input = write("|u1", new byte[] {0, 2}, 1);
    Captured run = loss(input);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).isEqualTo(input + ": converted 'student' from <f8 to F32 and from Fortran to C order, "
        + "'teacher' from <f8 to F32, 'labels' from |u1 to I32, 'row_weights' from <f8 to F32\n");
    Path same = folder.resolve("same.npz");
    Files.write(same, NumpyBytes.npz(false, Map.of(
        "student.npy", npy("<f4", false, "2, 3", NumpyBytes.floats(1, 2, 0, 3, 1, 2)),
        "teacher.npy", npy("<f4", false, "2, 3", NumpyBytes.floats(2, 1, 0.5f, 0, 1, 2)),
        "labels.npy", npy("<i4", false, "2,", ints(0, 2)),
        "row_weights.npy", npy("<f4", false, "2,", NumpyBytes.floats(1, 0.5f)))));
    assertThat(run.out().lines().filter(line -> !line.startsWith("device") && !line.contains("ms")))
        .containsExactlyElementsOf(loss(same).out().lines()
            .filter(line -> !line.startsWith("device") && !line.contains("ms")).toList());
    assertThat(loss(same).err()).isEmpty();
  }

  @Test
  void aValueBeyondF32IsRefusedByItsRow() throws IOException {
    Path input = write("<i2", new byte[] {0, 0, 2, 0}, 1e300);
    Captured run = loss(input);
    assertThat(run.err()).isEqualTo("temper loss: " + input
        + ": tensor 'student' holds 1.0E300 at [0, 0], beyond the range of F32; "
        + "mask classes with -Infinity, or clip the values\n");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void aTypeIsNamedAsTheFileStoresIt() throws IOException {
    Path input = folder.resolve("small.npz");
    Files.write(input, NumpyBytes.npz(false, Map.of("student.npy", npy("|i1", false, "2, 3", new byte[6]))));
    assertThat(loss(input).err()).startsWith("temper loss: " + input
        + ": tensor 'student' is [2, 3] |i1, expected [rows, classes]");
  }

  private Path write(String labelType, byte[] labels, double first) throws IOException {
    return Files.write(folder.resolve("batch.npz"), NumpyBytes.npz(true, Map.of(
        "student.npy", npy("<f8", true, "2, 3", NumpyBytes.doubles(first, 3, 2, 1, 0, 2)),
        "teacher.npy", npy("<f8", false, "2, 3", NumpyBytes.doubles(2, 1, 0.5, 0, 1, 2)),
        "labels.npy", npy(labelType, false, "2,", labels),
        "row_weights.npy", npy("<f8", false, "2,", NumpyBytes.doubles(1, 0.5)))));
  }

  private static Captured loss(Path input) {
    return Captured.run("loss", "--device", "reference", "--hard-weight", "1", "--input", input.toString());
  }

  private static byte[] npy(String type, boolean fortran, String shape, byte[] data) {
    return NumpyBytes.npy(1, "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False")
        + ", 'shape': (" + shape + "), }", data);
  }

  private static byte[] ints(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    return bytes.array();
  }
}
