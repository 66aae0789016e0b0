package dev.temper.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.temper.DistillationLoss;
import dev.temper.HostMatrix;
import dev.temper.IdMatrix;
import dev.temper.LossEngine;
import dev.temper.LossInputs;
import dev.temper.LossOutputs;
import dev.temper.RowOutput;
import dev.temper.RowVector;
import dev.temper.Teacher;
import dev.temper.snippets.ComingFrom;
import dev.temper.tools.files.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests each row of docs/coming-from.md: its Java code compiles and gives the toolkit's number. */
final class ComingFromTest {

  private static final double U = 0x1p-24;
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  private final JsonNode document = Json.object(read("src/test/resources/dev/temper/coming-from.json")).orElseThrow();
  private final JsonNode batch = document.get("batch");
  private final double[][] student = numbers("student");
  private final double[][] teacher = numbers("teacher");
  private final int rows = student.length;
  private final int classes = student[0].length;
  private final int[] labels = IntStream.range(0, rows).map(row -> batch.get("labels").get(row).asInt()).toArray();
  private final List<ComingFrom.Call> calls =
      ComingFrom.rows(lists("topK", 2), lists("topK", 1), lists("union", 1));

  /** The relative error of a softmax over a range R is u (16 + 4 R/T), and a loss adds T^2 times a few such terms. */
  @ParameterizedTest
  @ValueSource(strings = {"auto", "reference"})
  void theJavaOfEveryRowGivesTheNumberOfTheToolkit(String device) {
    JsonNode losses = document.get("losses");
    assertThat(calls).hasSize(losses.size());
    try (LossEngine engine = LossEngine.open(device)) {
      for (int i = 0; i < losses.size(); i++) {
        double theirs = losses.get(i).get("value").asDouble();
        double temperature = calls.get(i).losses().getFirst().temperature();
        double bound = U * (16 + 4 * range() / temperature) * (theirs + temperature * temperature);
        double ours = asTheyHaveIt(engine, calls.get(i), losses.get(i).get("call").asText());
        assertThat(Math.abs(ours - theirs)).as("%s: %s, expected %s", losses.get(i), ours, theirs)
            .isLessThanOrEqualTo(bound);
      }
    }
  }

  /** Returns Temper's number with the factor or the term that the row names. */
  private double asTheyHaveIt(LossEngine engine, ComingFrom.Call call, String theirCall) {
    double ours = call.losses().stream().mapToDouble(loss -> total(engine, loss, call)).sum();
    if (theirCall.contains("[batch, sequence, classes]")) {
      return ours * batch.get("sequence").asInt();
    }
    if (theirCall.contains("\"mean\"")) {
      return ours / classes;
    }
    if (theirCall.startsWith("skewed_forward_kl")) {
      return ours + entropy(engine, call);
    }
    if (theirCall.startsWith("symmetric_kl")) {
      return ours + 0.1 * entropy(engine, call);
    }
    if (theirCall.startsWith("SymmetricKLLoss")) {
      return ours + 0.5 * entropy(engine, call);
    }
    if (theirCall.contains("forward_kl_topk")) {
      float[] soft = rowValues(engine, call, RowOutput.SOFT);
      double clamped = IntStream.range(0, rows).mapToDouble(row -> Math.max(0, soft[row])).sum() / labelled();
      assertThat(clamped).as("a row is negative").isGreaterThan(ours + 1e-3);
      return clamped;
    }
    return ours;
  }

  private double total(LossEngine engine, DistillationLoss loss, ComingFrom.Call call) {
    return engine.forward(loss, inputs(call)).totals().total();
  }

  private double entropy(LossEngine engine, ComingFrom.Call call) {
    float[] values = rowValues(engine, call, RowOutput.TEACHER_ENTROPY);
    return IntStream.range(0, rows).mapToDouble(row -> values[row]).sum() / labelled();
  }

  private float[] rowValues(LossEngine engine, ComingFrom.Call call, RowOutput output) {
    float[] values = new float[rows];
    engine.forward(call.losses().getFirst(), inputs(call),
        LossOutputs.none().withRow(output, RowVector.losses(values))).totals();
    return values;
  }

  private LossInputs inputs(ComingFrom.Call call) {
    Teacher given = call.teacher();
    LossInputs inputs = LossInputs.of(matrix(student)).withTeacher(given == null ? Teacher.logits(matrix(teacher))
        : given);
    return call.labelled() ? inputs.withLabels(RowVector.labels(labels)) : inputs;
  }

  private long labelled() {
    return IntStream.of(labels).filter(label -> label >= 0).count();
  }

  private double range() {
    var all = Stream.of(student, teacher).flatMap(Arrays::stream).flatMapToDouble(Arrays::stream).summaryStatistics();
    return all.getMax() - all.getMin();
  }

  @Test
  void thePageHasARowForEachNumberWithTheJavaThatIsTested() {
    List<String> table = read("docs/coming-from.md").lines().filter(line -> line.startsWith("| ")).skip(1).toList();
    List<String> sources = sources();
    JsonNode losses = document.get("losses");
    assertThat(table).hasSize(losses.size());
    assertThat(sources).hasSize(losses.size());
    for (int i = 0; i < table.size(); i++) {
      String[] cells = table.get(i).split(" \\| ", -1);
      assertThat(cells[0]).isEqualTo("| " + losses.get(i).get("toolkit").asText());
      assertThat(cells[1]).isEqualTo("`" + losses.get(i).get("call").asText() + "`");
      List<String> codes = new ArrayList<>();
      for (Matcher code = CODE.matcher(cells[2]); code.find();) {
        codes.add(code.group(1));
      }
      assertThat(codes).isNotEmpty();
      for (String code : codes) {
        assertThat(sources.get(i)).contains(code);
      }
    }
  }

  /** The regions of the compiled file, each on one line. */
  private static List<String> sources() {
    String[] parts = read("src/test/java/dev/temper/snippets/ComingFrom.java").split("// @start region=", -1);
    return IntStream.range(1, parts.length)
        .mapToObj(i -> parts[i].substring(0, parts[i].indexOf("// @end")).replaceAll("\\s*\n\\s*(?=[.])", "")).toList();
  }

  private ComingFrom.Lists lists(String name, double temperature) {
    JsonNode ids = batch.get(name);
    int k = ids.get(0).size();
    int[] slots = new int[rows * k];
    float[] logs = new float[rows * k];
    for (int row = 0; row < rows; row++) {
      double[] logits = teacher[row];
      double lse = Math.log(IntStream.range(0, classes).mapToDouble(i -> Math.exp(logits[i] / temperature)).sum());
      for (int slot = 0; slot < k; slot++) {
        int id = ids.get(row).get(slot).asInt();
        slots[row * k + slot] = id;
        logs[row * k + slot] = id < 0 ? 0 : (float) (logits[id] / temperature - lse);
      }
    }
    return new ComingFrom.Lists(IdMatrix.of(slots, rows, k), HostMatrix.of(logs, rows, k));
  }

  private double[][] numbers(String name) {
    JsonNode values = batch.get(name);
    return IntStream.range(0, values.size()).mapToObj(row -> IntStream.range(0, values.get(row).size())
        .mapToDouble(i -> values.get(row).get(i).asDouble()).toArray()).toArray(double[][]::new);
  }

  private static HostMatrix matrix(double[][] values) {
    float[] flat = new float[values.length * values[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) values[i / values[0].length][i % values[0].length];
    }
    return HostMatrix.of(flat, values.length, values[0].length);
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
