package dev.temper.tools.files;

import dev.temper.io.Mutations;
import dev.temper.io.SafetensorsBytes;
import java.io.IOException;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Valid batches of 2 rows and 3 classes in every format that is read, and damaged ones. */
public enum MutatedFiles {
  SAFETENSORS("a.safetensors"),
  NPY("a.npy"),
  STORED_NPZ("stored.npz"),
  DEFLATED_NPZ("deflated.npz");

  private static final String SAFETENSORS_HEADER = "{\"__metadata__\":{\"k\":\"3\"},"
      + "\"teacher\":{\"dtype\":\"F64\",\"shape\":[2,3],\"data_offsets\":[0,48]},"
      + "\"student\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[48,72]},"
      + "\"labels\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[72,74]},"
      + "\"other\":{\"dtype\":\"F8_E4M3\",\"shape\":[],\"data_offsets\":[74,75]}}";

  private final String fileName;

  MutatedFiles(String fileName) {
    this.fileName = fileName;
  }

  /** Returns a file name with the extension of the format. */
  public String fileName() {
    return fileName;
  }

  /** Returns the undamaged file. */
  public byte[] valid() throws IOException {
    return file(null);
  }

  /**
   * A file with one to three damages. Some hit a header or an inner file, whose container then fits the damaged
   * content.
   */
  public byte[] damaged(Random random) throws IOException {
    return random.nextInt(3) == 0 ? file(random) : Mutations.mutate(valid(), random);
  }

  /** The file, in which one header or inner file is damaged if there is a source of numbers. */
  private byte[] file(@Nullable Random random) throws IOException {
    return switch (this) {
      case SAFETENSORS -> SafetensorsBytes.file(
          random == null ? SAFETENSORS_HEADER : Mutations.mutate(SAFETENSORS_HEADER, random), new byte[75]);
      case NPY -> npy(random, "<f4", random != null && random.nextBoolean(), "2, 3", 24);
      case STORED_NPZ, DEFLATED_NPZ -> {
        int damaged = random == null ? -1 : random.nextInt(3);
        yield NumpyBytes.npz(this == DEFLATED_NPZ, Map.of(
            "student.npy", npy(damaged == 0 ? random : null, "<f4", false, "2, 3", 24),
            "teacher.npy", npy(damaged == 1 ? random : null, "<f8", true, "2, 3", 48),
            "labels.npy", npy(damaged == 2 ? random : null, "|u1", false, "2,", 2)));
      }
    };
  }

  private static byte[] npy(@Nullable Random random, String type, boolean fortran, String shape, int bytes) {
    String header = "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False")
        + ", 'shape': (" + shape + "), }";
    if (random == null) {
      return NumpyBytes.npy(1, header, new byte[bytes]);
    }
    byte[] file = NumpyBytes.npy(1 + random.nextInt(3), Mutations.mutate(header, random), new byte[bytes]);
    return random.nextBoolean() ? file : Mutations.mutate(file, random);
  }
}
