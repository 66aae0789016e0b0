import dev.temper.DType;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossTotals;
import dev.temper.Teacher;
import dev.temper.io.SafetensorsFile;
import dev.temper.io.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Reads the logits of a teacher from a memory-mapped safetensors file, without a copy. The argument names a file with a
 * tensor {@code teacher}, [rows, classes] in F32, F16 or BF16. Without an argument the example writes a small file
 * first.
 *
 * <p>Run: java --enable-native-access=ALL-UNNAMED -cp temper.jar examples/CachedTeacher.java [FILE]
 */
final class CachedTeacher {

  public static void main(String[] args) throws IOException {
    Path path = args.length > 0 ? Path.of(args[0]) : write(Files.createTempFile("teacher", ".safetensors"), 8, 100);
    try (SafetensorsFile file = SafetensorsFile.open(path); LossEngine engine = LossEngine.open("auto")) {
      Tensor teacher = file.tensor("teacher");
      int rows = Math.toIntExact(teacher.shape().get(0));
      int classes = Math.toIntExact(teacher.shape().get(1));
      float[] student = new float[rows * classes];  // an untrained student: all logits are equal
      LossInputs inputs = LossInputs.of(HostMatrix.of(student, rows, classes))
          .withTeacher(Teacher.logits(HostMatrix.of(teacher.data(), rows, classes, teacher.dtype())));
      DistillationLoss loss = DistillationLoss.builder().temperature(2).build();
      LossTotals totals = engine.forward(loss, inputs).totals();
      System.out.printf("teacher %s, KL at T = 2: %.3f%n", teacher.describe(), totals.soft());
    } finally {
      if (args.length == 0) {
        Files.delete(path);
      }
    }
  }

  /**
   * Writes random logits in BF16. A safetensors file consists of the length of its header, the header in JSON, and the
   * elements.
   */
  private static Path write(Path path, int rows, int classes) throws IOException {
    int bytes = rows * classes * DType.BF16.bytes();
    String header = "{\"teacher\":{\"dtype\":\"BF16\",\"shape\":[" + rows + "," + classes + "],\"data_offsets\":[0,"
        + bytes + "]}}";
    header += " ".repeat((8 - header.length() % 8) % 8);
    ByteBuffer file = ByteBuffer.allocate(Long.BYTES + header.length() + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length()).put(header.getBytes(StandardCharsets.UTF_8));
    Random random = new Random(1);
    for (int i = 0; i < rows * classes; i++) {
      file.putShort((short) (Float.floatToIntBits((float) (3 * random.nextGaussian())) >>> 16));
    }
    return Files.write(path, file.array());
  }
}
