package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.DType;
import dev.temper.io.Tensor;
import dev.temper.io.SafetensorsWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests wrong calls and wrong inputs: one line with the remedy, exit status 2, nothing written. */
class LossRefusalsTest {

  @TempDir private Path folder;

  private Path input;
  private Path output;
  private final Map<String, Tensor> batch = new TreeMap<>();

  @BeforeEach
  void aBatchWithoutFault() {
    input = folder.resolve("batch.safetensors");
    output = folder.resolve("result.safetensors");
    put(LossCommandTest.floats("student", new float[6], 2, 3));
    put(LossCommandTest.floats("teacher", new float[6], 2, 3));
    put(LossCommandTest.labels(new long[] {0, 2}, 2));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "--temperature 0            | --temperature is 0, expected a number from 1e-6 to 1e6",
      "--temperature -1           | --temperature is -1, expected a number from 1e-6 to 1e6",
      "--temperature NaN          | --temperature is NaN, expected a number from 1e-6 to 1e6",
      "--temperature Infinity     | --temperature is Infinity, expected a number from 1e-6 to 1e6",
      "--temperature warm         | Invalid value for option '--temperature': 'warm' is not a number",
      "--teacher-temperature 0    | --teacher-temperature is 0,",
      "--soft-weight -0.5         | --soft-weight is -0.5, expected a finite number of 0 or more",
      "--hard-weight NaN          | --hard-weight is NaN",
      "--label-smoothing 1        | --label-smoothing is 1,",
      "--softcap 0                | --softcap is 0,",
      "--num-classes 0            | --num-classes is 0, expected 1 or more",
      "--num-classes 4            | --num-classes is 4, but student has only 3 columns",
      "--divergence forward-lk    | unknown divergence 'forward-lk' (did you mean 'forward-kl'?); known: forward-kl,"
          + " reverse-kl",
      "--divergence jsd:1         | jsd: beta is 1, expected a number strictly between 0 and 1; at 0 and 1",
      "--divergence mixed         | needs its parameter, such as mixed:0.5",
      "--reduction men            | unknown reduction 'men' (did you mean 'mean'?); known: none, sum, mean, batch-mean",
      "--reduction sum --denominator 3 | --denominator is 3, but --reduction sum divides by nothing",
      "--divergence dkd:1         | divergence dkd:1 needs two weights, such as dkd:1,8",
      "--divergence dkd:0,0       | dkd: a and b are both 0",
      "--divergence dkd:1,8 --ignore-scope hard | --divergence dkd:1.0,8.0 and --ignore-scope hard exclude each other,"
          + " because dkd needs the label of every row",
      "--divergence logit-mse --standardise | --divergence logit-mse and --standardise exclude each other, because",
      "--divergence tvd --soft-value cross-entropy | --divergence tvd and --soft-value cross-entropy exclude each"
          + " other, because",
      "--divergence tvd --temperature-gradient | --temperature-gradient and --divergence tvd exclude each other,"
          + " because",
      "--teacher-softcap 0        | --teacher-softcap is 0, expected a finite number above 0",
      "--z-loss -1                | --z-loss is -1, expected a finite number of 0 or more",
      "--ignore-scope soft        | unknown scope 'soft'; known: both, hard",
      "--soft-value ce            | unknown value 'ce'; known: kl, cross-entropy",
      "--soft-denominator 0       | --soft-denominator is 0, expected a finite number above 0",
      "--hard-denominator NaN     | --hard-denominator is NaN, expected a finite number above 0",
      "--reduction sum --hard-denominator 3 | --hard-denominator is 3, but --reduction sum divides by nothing",
      "--accumulate               | no tensor 'gradient'; the file holds 'labels', 'student', 'teacher'; it is what"
          + " --accumulate adds to",
      "--denominator 0            | --denominator is 0, expected a finite number above 0",
      "--gradient-scale Infinity  | --gradient-scale is Infinity, expected a finite number",
      "--gradient-dtype bf16      | unknown type 'bf16'; known: student, f32",
      "--temprature 2             | unknown option '--temprature' (did you mean '--temperature'?); see temper loss"
          + " --help",
      "--alpha 0.3                | here --soft-weight is the weight of the teacher, --hard-weight that of the"
          + " labels; see temper loss",
      "--T 2                      | unknown option '--T' (did you mean '--temperature'?); see temper loss --help",
      "--divergence kl            | unknown divergence 'kl' (did you mean 'forward-kl'?)",
      "--divergence KL_DIV        | unknown divergence 'KL_DIV' (did you mean 'forward-kl'?)",
      "--device gpu               | unknown device 'gpu' (did you mean 'cuda'?); known: auto, cuda, cpu",
      "--device tpu               | unknown device 'tpu'; known: auto, cuda, cpu",
      "--k 3                      | unknown option '--k'; see temper loss --help",
      "--num-classes 1.5          | '1.5' is not a whole number from -2^31 to 2^31 - 1",
      "--ignore-index 1e3         | '1e3' is not a whole number from -2^63 to 2^63 - 1",
      "--tail bucket              | --tail is bucket, but the teacher is given by the tensor teacher; use it with the"
          + " tensors teacher_ids and teacher_log_probs, or --teacher FILE, or leave it out",
      "--log-probs-at 2           | --log-probs-at is 2, but the teacher is given by the tensor teacher; use it with"
          + " the tensors teacher_ids and teacher_log_probs, or leave it out",
      "--workspace-mib 16         | --workspace-mib is 16, but the student is given by logits",
      "--chunk-logits f32         | --chunk-logits is f32, but the student is given by logits",
      "--tf32                     | --tf32 is given, but the student is given by logits, which need no products; use it"
          + " with the tensors student_hidden and student_weight, or leave it out",
      "--teacher-weights 1        | no tensor 'teacher.0' and no tensor 'teacher.1'; the file holds 'labels',"
          + " 'student', 'teacher'; --teacher-weights needs one tensor for each weight",
      "--device referense         | unknown device 'referense' (did you mean 'reference'?); known: auto, cuda, cpu,"
          + " reference, emulator; a number may follow, as in cuda:1",
      "stray                      | unexpected argument 'stray', expected options such as --input FILE; see temper loss"
  })
  void wrongOptions(String options, String message) throws IOException {
    refused(message, options.split(" "));
  }

  @Test
  void missingTensors() throws IOException {
    batch.remove("teacher");
    refused(input + ": no tensor 'teacher'; the file holds 'labels', 'student'; --soft-weight 0 does without");
    batch.remove("labels");
    refused("no tensor 'labels'; the file holds 'student'; --hard-weight 0 does without", "--soft-weight", "0",
        "--hard-weight", "1");
    batch.remove("student");
    refused("no tensor 'student'; the file holds none");
  }

  @Test
  void namesThatAreNearlyKnown() throws IOException {
    put(LossCommandTest.floats("row_weight", new float[2], 2));
    refused("unknown tensor 'row_weight' (did you mean 'row_weights'?); known: student, teacher, labels,"
        + " row_weights, row_temperatures");
    batch.remove("row_weight");
    put(LossCommandTest.floats("row_weights\n", new float[2], 2));
    refused("unknown tensor 'row_weights\\u000a' (did you mean 'row_weights'?)");
  }

  @Test
  void wrongTypes() throws IOException {
    put(LossCommandTest.floats("labels", new float[2], 2));
    refused("labels has dtype F32, expected I32 or I64");
    put(new Tensor("student", DType.I32, List.of(2L, 3L), MemorySegment.ofArray(new int[6])));
    refused("tensor 'student' is [2, 3] I32, expected [rows, classes]");
  }

  @Test
  void wrongShapes() throws IOException {
    put(LossCommandTest.floats("teacher", new float[3], 1, 3));
    refused("tensor 'teacher' is [1, 3] F32, expected [2, classes], one row for each of the student's");
    put(LossCommandTest.floats("teacher", new float[6], 2, 3));
    put(LossCommandTest.labels(new long[6], 2, 3));
    refused("tensor 'labels' is [2, 3] I64, expected [2], one row for each of the student's");
    put(LossCommandTest.floats("student", new float[3], 3));
    refused("tensor 'student' is [3] F32, expected [rows, classes]");
    put(LossCommandTest.floats("student", new float[0], 2, 0));
    refused("tensor 'student' is [2, 0] F32, expected [rows, classes]");
  }

  @Test
  void classesThatDiffer() throws IOException {
    put(LossCommandTest.floats("teacher", new float[8], 2, 4));
    refused("student has 3 classes and teacher 4; if they are one vocabulary padded differently, set --num-classes");
  }

  @Test
  void valuesOfRows() throws IOException {
    put(LossCommandTest.labels(new long[] {0, 3}, 2));
    String message = refused("3", "--hard-weight", "1");
    assertThat(message).contains("row 1");
    put(LossCommandTest.labels(new long[] {0, 0}, 2));
    put(LossCommandTest.floats("row_weights", new float[] {1, Float.NaN}, 2));
    assertThat(refused("row_weights")).contains("row 1").contains("NaN");
    batch.remove("row_weights");
    put(LossCommandTest.floats("row_temperatures", new float[] {0, 1}, 2));
    assertThat(refused("row_temperatures")).contains("row 0");
  }

  @Test
  void theGradientThatIsAddedTo() throws IOException {
    put(LossCommandTest.floats("gradient", new float[4], 2, 2));
    refused("tensor 'gradient' is [2, 2] F32, expected the shape of student, [2, 3], and a floating type",
        "--accumulate");
    put(new Tensor("gradient", DType.F16, List.of(2L, 3L), MemorySegment.ofArray(new short[6])));
    refused("tensor 'gradient' is [2, 3] F16, expected F32 as --gradient-dtype says", "--accumulate",
        "--gradient-dtype", "f32");
    refused("gradient has dtype F16, expected the student's F32", "--accumulate");
    for (String option : List.of("--accumulate", "--row-outputs", "--gradient-dtype=f32", "--gradient-scale=2")) {
      check(2, option.replaceFirst("=.*", "") + " changes what --output receives, but --output is missing",
          Captured.run(call(option)));
    }
  }

  @Test
  void optionsOfAPartWithoutWeightHaveANote() throws IOException {
    SafetensorsWriter.write(input, List.copyOf(batch.values()));
    Captured run = Captured.run(call("--label-smoothing", "0.1", "--z-loss", "0.1"));
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err().lines()).containsExactly("--label-smoothing has no effect, because --hard-weight is 0",
        "--z-loss has no effect, because --hard-weight is 0");
    assertThat(Captured.run(call("--label-smoothing", "0.1", "--hard-weight", "1")).err()).isEmpty();
  }

  @Test
  void dkdWithoutLabels() throws IOException {
    batch.remove("labels");
    refused("no tensor 'labels'; the file holds 'student', 'teacher'; every --divergence but dkd does without",
        "--divergence", "dkd:1,8");
  }

  @Test
  void rowTemperaturesWithATemperatureGradient() throws IOException {
    put(LossCommandTest.floats("row_temperatures", new float[] {1, 2}, 2));
    refused("--temperature-gradient and row_temperatures exclude each other, because", "--temperature-gradient");
    refused("row_temperatures and a separate --teacher-temperature of 3 exclude each other", "--teacher-temperature",
        "3");
  }

  @Test
  void aTruncatedFile() throws IOException {
    SafetensorsWriter.write(input, List.copyOf(batch.values()));
    byte[] whole = Files.readAllBytes(input);
    Files.write(input, Arrays.copyOf(whole, whole.length - 1));
    check(2, "the file is truncated", Captured.run(call()));
  }

  @Test
  void filesThatAreNotThere() {
    check(2, "batch.safetensors: no such file; check the path", Captured.run(call()));
    check(2, "Missing required option: '--input=FILE'", Captured.run("loss"));
    check(2, "unknown option '--inptu' (did you mean '--input'?)", Captured.run("loss", "--inptu", input.toString()));
    check(2, "unexpected argument 'b.npz', expected options such as --input FILE", Captured.run("loss", "b.npz"));
    check(2, "unknown kind of file", Captured.run("loss", "--input", Path.of("pom.xml").toAbsolutePath().toString()));
  }

  @Test
  void outputsThatCannotBe() throws IOException {
    SafetensorsWriter.write(input, List.copyOf(batch.values()));
    check(2, "expected a name that ends in .safetensors", Captured.run(call("--output", "result.npz")));
    check(2, "the input itself", Captured.run(call("--output", input.toString())));
    // The input is right and the loss is computed: here the work fails.
    Path nowhere = folder.resolve("nowhere").resolve("result.safetensors");
    check(2, "--output is " + nowhere + ", but there is no folder " + nowhere.getParent() + "; make it first",
        Captured.run(call("--output", nowhere.toString())));
    check(2, "--output is " + folder + ", which is a folder", Captured.run(call("--output", folder.toString())));
  }

  @Test
  void debugAddsTheStackTrace() throws IOException {
    Captured run = Captured.run(call("--debug"));
    assertThat(run.err()).contains("\tat dev.temper.");
  }

  private String refused(String message, String... options) throws IOException {
    SafetensorsWriter.write(input, List.copyOf(batch.values()));
    List<String> all = new ArrayList<>(List.of("--output", output.toString()));
    all.addAll(List.of(options));
    Captured run = Captured.run(call(all.toArray(String[]::new)));
    check(2, message, run);
    assertThat(output).doesNotExist();
    return run.err();
  }

  private static void check(int status, String message, Captured run) {
    assertThat(run.err()).startsWith("temper loss: ").contains(message).doesNotContain("\tat ");
    assertThat(run.err().lines().count()).isBetween(1L, 2L);
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(status);
  }

  private String[] call(String... options) {
    List<String> call = new ArrayList<>(List.of("loss", "--device", "reference", "--input", input.toString()));
    // A device named by the test replaces the reference.
    if (List.of(options).contains("--device")) {
      call.subList(1, 3).clear();
    }
    call.addAll(List.of(options));
    return call.toArray(String[]::new);
  }

  private void put(Tensor tensor) {
    batch.put(tensor.name(), tensor);
  }
}
