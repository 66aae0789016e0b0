package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.temper.DistillationLoss;
import dev.temper.Divergence;
import dev.temper.HostMatrix;
import dev.temper.IgnoreScope;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.RowVector;
import dev.temper.SoftValue;
import dev.temper.Teacher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that README, help and Javadoc have the same table of devices and losses, and that the devices agree with it.
 */
class DeviceTableTest {

  private static final List<String> DEVICES = List.of("cpu", "cuda", "emulator", "reference");
  private static final Pattern ROW = Pattern.compile("([a-z][a-zA-Z:, -]+?) (yes|no) (yes|no) (yes|no) (yes|no)");

  @Test
  void readmeHelpAndJavadocAgree() throws IOException {
    Map<String, List<String>> help = rows(DeviceTable.TEXT);
    assertThat(help).hasSize(3);
    assertThat(rows(Files.readString(Path.of("README.md")).replace("|", " "))).isEqualTo(help);
    String javadoc = Files.readString(Path.of("src/main/java/dev/temper/package-info.java"));
    assertThat(rows(javadoc.replaceAll("<[^>]+>|\n \\*", " "))).isEqualTo(help);
    assertThat(Captured.run("loss", "--help").out()).contains(DeviceTable.TEXT.lines().map(String::strip).toList());
  }

  /** The CUDA engine has the kernels of the emulator, so that its column is the emulator's. */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "emulator", "reference"})
  void devicesComputeWhatTheTableSays(String device) {
    var availability = LossEngine.devices().get(device);
    assumeTrue(availability != null && availability.usable());
    try (LossEngine engine = LossEngine.open(device)) {
      rows(DeviceTable.TEXT).forEach((names, cells) -> {
        assertThat(cells.get(1)).as("cuda").isEqualTo(cells.get(2));
        for (String name : names.split(", ", -1)) {
          assertThat(computes(engine, name)).as(device + ": " + name)
              .isEqualTo(cells.get(DEVICES.indexOf(device)).equals("yes"));
        }
      });
    }
  }

  private static boolean computes(LossEngine engine, String name) {
    LossInputs inputs = LossInputs.of(HostMatrix.of(new float[] {1, 2, 0}, 1, 3))
        .withTeacher(Teacher.logits(HostMatrix.of(new float[] {2, 1, 0.5f}, 1, 3)))
        .withLabels(RowVector.labels(0));
    try {
      engine.forward(loss(name), inputs).totals();
      return true;
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("cannot compute this loss");
      return false;
    }
  }

  private static DistillationLoss loss(String name) {
    DistillationLoss.Builder loss = DistillationLoss.builder();
    return switch (name) {
      case "cross-entropy" -> loss.softWeight(0).hardWeight(1).build();
      case "label smoothing" -> loss.hardWeight(1).labelSmoothing(0.1).build();
      case "z-loss" -> loss.hardWeight(1).zLoss(1e-4).build();
      case "softcap" -> loss.softcap(30).build();
      case "teacher softcap" -> loss.teacherSoftcap(30).build();
      case "standardised logits" -> loss.standardise(true).build();
      case "ignore scope" -> loss.ignoreScope(IgnoreScope.HARD).build();
      case "soft cross-entropy" -> loss.softValue(SoftValue.CROSS_ENTROPY).build();
      case "teacher temperature" -> loss.teacherTemperature(2).build();
      default -> loss.divergence(Divergence.parse(name.replaceAll("(?<=[:,])[A-Z]", "0.5"))).build();
    };
  }

  /** The table's rows: what they are about, and their cells in the order of {@link #DEVICES}. */
  private static Map<String, List<String>> rows(String text) {
    Map<String, List<String>> rows = new LinkedHashMap<>();
    String header = String.join(" ", DEVICES);
    String flat = text.replaceAll("\\s+", " ").replace("--- ", "");
    Matcher row = ROW.matcher(flat.substring(flat.indexOf(header) + header.length()));
    while (row.find() && rows.size() < 3) {
      rows.put(row.group(1).strip(), List.of(row.group(2), row.group(3), row.group(4), row.group(5)));
    }
    return rows;
  }
}
