package dev.temper.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BenchCommandTest {

  @Test
  void printsOneLineForEachShapeAndDtype() {
    Captured run = Captured.run("bench", "--device", "reference", "--shapes", "2x10,3x5", "--dtype", "f32,bf16");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).contains("copy rate").containsPattern("2x10 +F32").containsPattern("3x5 +BF16").contains("quiet");
  }

  @Test
  void printsOneJsonDocument() {
    Captured run = Captured.run("bench", "--device", "reference", "--shapes", "2x10", "--json");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).startsWith("{").endsWith("}\n").contains("\"complete\" : true", "\"timesFloor\"", "\"copyGigabytesPerSecond\"");
  }

  @Test
  void refusesWrongShapesAndDtypes() {
    assertThat(Captured.run("bench", "--shapes", "10").status()).isEqualTo(2);
    assertThat(Captured.run("bench", "--shapes", "2x0").err()).contains("2x0");
    assertThat(Captured.run("bench", "--dtype", "i64").err()).contains("f32, bf16 or f16");
    assertThat(Captured.run("bench", "--dtype", "f64").status()).isEqualTo(2);
    assertThat(Captured.run("bench", "--divergence", "kl").err()).contains("forward-kl");
  }
}
