package dev.temper.snippets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.temper.DType;
import dev.temper.DeviceBuffer;
import dev.temper.LossEngine;
import dev.temper.emulator.Emulator;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceLoopTest {

  private static final int ROWS = 4;
  private static final int CLASSES = 24;
  private static final short BF16_ONE = 0x3f80;

  @Test
  void computesWhatTheLogitsHold() {
    Emulator.assumeUsable();
    try (LossEngine engine = LossEngine.open("emulator");
        DeviceBuffer student = logits(engine); DeviceBuffer teacher = logits(engine);
        DeviceBuffer labels = engine.allocate((long) ROWS * Long.BYTES); DeviceBuffer gradient = logits(engine)) {
      labels.upload(MemorySegment.ofArray(new long[ROWS]));
      double total = DeviceLoop.train(engine, new Constant(student, teacher, labels, gradient), 2, ROWS, CLASSES);
      assertThat(total).isEqualTo(0.3 * Math.log(CLASSES), within(1e-6));   // student = teacher: the labels' part alone
      short[] found = new short[ROWS * CLASSES];
      gradient.download(MemorySegment.ofArray(found));
      assertThat(found).doesNotContain(BF16_ONE);
    }
  }

  @Test
  void thePageOnGpusShowsThisVeryCode() throws IOException {
    List<String> source = Files.readAllLines(Path.of("src/test/java/dev/temper/snippets/DeviceLoop.java"));
    int start = source.indexOf("    // @start region=\"loop\"");
    int end = source.indexOf("    // @end");
    assertThat(Files.readString(Path.of("docs/gpu.md")))
        .contains(String.join("\n", source.subList(start + 1, end)).stripIndent());
  }

  /** Returns logits that are all 1. */
  private static DeviceBuffer logits(LossEngine engine) {
    short[] ones = new short[ROWS * CLASSES];
    Arrays.fill(ones, BF16_ONE);
    DeviceBuffer buffer = engine.allocate((long) ROWS * CLASSES * DType.BF16.bytes());
    buffer.upload(MemorySegment.ofArray(ones));
    return buffer;
  }

  private record Constant(DeviceBuffer student, DeviceBuffer teacher, DeviceBuffer labels, DeviceBuffer gradient)
      implements DeviceLoop.Framework {
    @Override
    public long studentAddress() {
      return student.address();
    }

    @Override
    public long teacherAddress() {
      return teacher.address();
    }

    @Override
    public long labelsAddress() {
      return labels.address();
    }

    @Override
    public long gradientAddress() {
      return gradient.address();
    }

    @Override
    public void forward() {}

    @Override
    public void backward() {}
  }
}
