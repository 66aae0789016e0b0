package dev.temper.kernel.probe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.temper.kernel.code.KernelSource;
import dev.temper.kernel.spec.ProbeParameters.Operation;
import dev.temper.kernel.spec.Specialisation;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the expected results of the self-checks with the JDK's conversions. */
class ProbeTest {

  /**
   * Functions without a self-check of their own: leave_unset() has no instruction, prefetch_to_l2() has no result, and
   * the self-check of mbarrier_wait() uses the other two.
   */
  private static final Set<String> NOT_PROBED =
      Set.of("leave_unset", "prefetch_to_l2", "mbarrier_try_wait", "clock_high");

  @Test
  void theOperationsAreNumberedAsInTheSource() {
    Matcher body = Pattern.compile("(?s)enum ProbeOperation : int32_t \\{(.*?)\\}")
        .matcher(KernelSource.load("probe.cu").text());
    assertThat(body.find()).isTrue();
    assertThat(body.group(1).strip().split("\\s*,\\s*", -1))
        .containsExactly(Arrays.stream(Operation.values()).map(Specialisation::macro).toArray(String[]::new));
  }

  /**
   * Tests that every device function has a self-check. It would otherwise run on a device for the first time in a loss.
   */
  @Test
  void everyFunctionOfTheHeaderIsProbed() {
    KernelSource probe = KernelSource.load("probe.cu");
    String header = probe.headers().getOrDefault("device.cuh", "");
    Set<String> functions = new TreeSet<>();
    for (String pattern : List.of("__device__ __forceinline__ [\\w ]*[ *]+(\\w+)\\(",
        "TEMPER_PAIR_MAXIMUM\\((\\w+), \"")) {
      Pattern.compile(pattern).matcher(header).results().forEach(found -> functions.add(found.group(1)));
    }
    functions.remove("name"); // of the macro
    functions.removeAll(NOT_PROBED);
    assertThat(functions).hasSizeGreaterThan(25)
        .contains("exp2", "load_words", "keep_address", "max_bf16_pair", "dynamic_shared", "store_async");
    // The probe of a ring calls the functions that fill a stage.
    String probes = probe.text() + probe.headers().getOrDefault("row/ring_copies.cuh", "");
    assertThat(functions).allSatisfy(function -> assertThat(probes)
        .containsPattern("\\b" + function + "(<.*>)?\\("));
  }

  @Test
  void noOtherSourceHasInlinePtx() {
    for (String file : List.of("loss.cu", "softmax.cu", "topk.cu", "check.cu", "totals.cu", "probe.cu")) {
      KernelSource source = KernelSource.load(file);
      assertThat(source.text()).doesNotContainPattern("\\basm\\b");
      source.headers().forEach((name, text) -> assertThat(Pattern.compile("\\basm\\b").matcher(text).find()).as(name)
          .isEqualTo(name.equals("device.cuh")));
    }
  }

  @Test
  void everyPatternOfF16IsDecoded() {
    for (int pattern = 0; pattern < 1 << 16; pattern++) {
      float expected = Float.float16ToFloat((short) pattern);
      assertThat(HalfFormat.F16.isNan(pattern)).isEqualTo(Float.isNaN(expected));
      if (!Float.isNaN(expected)) {
        assertThat(HalfFormat.F16.value(pattern)).isEqualTo(expected);
      }
    }
  }

  @Test
  void theRoundingTableHoldsTiesSubnormalsInfinitiesAndNans() {
    RoundingTable table = RoundingTable.of(HalfFormat.F16);
    boolean[] given = new boolean[1 << 16];
    int[] inputs = table.inputs();
    for (int i = 0; i < table.size(); i++) {
      short expected = Float.floatToFloat16(Float.intBitsToFloat(inputs[i]));
      if (HalfFormat.F16.isNan(table.expected(i))) {
        assertThat(HalfFormat.F16.isNan(expected & 0xffff)).isTrue();
      } else {
        assertThat(table.expected(i)).as("0x%08x", inputs[i]).isEqualTo(expected & 0xffff);
        given[expected & 0xffff] = true;
      }
    }
    for (int pattern = 0; pattern < given.length; pattern++) {
      assertThat(given[pattern]).as("pattern %d", pattern).isEqualTo(!HalfFormat.F16.isNan(pattern));
    }
  }

  @Test
  void twoToTheXMayBeOffByTwoUlpAndNoMore() {
    assertThat(Exponentials.allows(0.5f, (float) Math.sqrt(2))).isTrue();
    assertThat(Exponentials.allows(0.5f, (float) Math.sqrt(2) + 3 * Math.ulp(1f))).isFalse();
    assertThat(Exponentials.allows(-140, 0)).isFalse();
    assertThat(Exponentials.allows(-0.0f, Math.nextDown(1f))).isFalse();
    assertThat(Exponentials.allows(128, Float.MAX_VALUE)).isFalse();
    assertThat(Exponentials.allows(Float.NaN, 1)).isFalse();
  }

  /** Tests two results of an H200 below 2^-126, and their neighbours at the bound. */
  @Test
  void belowTheNormalNumbersTheBoundIsThatOfASquare() {
    assertThat(Exponentials.allows(-126.02115f, Float.intBitsToFloat(0x7e2325))).isTrue();
    assertThat(Exponentials.allows(-126.156845f, Float.intBitsToFloat(0x72d061))).isTrue();
    // In multiples of 2^-149 the two powers are 8266535.07 and 7524451.07, their bounds 4.44 and 4.09.
    assertResults(-126.02115f, 8266531, 8266539);
    assertResults(-126.156845f, 7524447, 7524455);
    assertResults(-126, 0x800000 - 2, 0x800000 + 2);
    assertResults(-128, (1 << 21) - 1, (1 << 21) + 1);
    assertResults(-140, 512, 512);
    assertResults(-149, 1, 1);
    assertResults(-150, 0, 1);
    assertResults(Math.nextDown(-150f), 0, 0);
  }

  /** Requires that exactly the results from one multiple of 2^-149 to another are allowed. */
  private static void assertResults(float argument, int first, int last) {
    for (int bits = Math.max(0, first - 8); bits <= last + 8; bits++) {
      assertThat(Exponentials.allows(argument, Float.intBitsToFloat(bits))).as("2^%s is %d x 2^-149", argument, bits)
          .isEqualTo(bits >= first && bits <= last);
    }
  }
}
