package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TemperTest {

  @Test
  void helpGoesToStdout() {
    Captured run = Captured.run("--help");
    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Usage: temper").contains("--debug");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void everyVerbHasHelp() {
    new picocli.CommandLine(new Temper()).getSubcommands().keySet().forEach(verb -> {
      Captured run = Captured.run(verb, "--help");
      assertThat(run.status()).as(verb).isZero();
      assertThat(run.out()).contains("Usage: temper " + verb).contains("--json").contains("--debug");
    });
  }

  @Test
  void noVerbIsAWrongCall() {
    Captured run = Captured.run();
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("temper: no verb given; known: loss, ").endsWith("train; see temper --help\n").containsOnlyOnce("--help");
  }

  @Test
  void anUnknownOptionSuggestsTheNearest() {
    Captured run = Captured.run("--debgu");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("temper: unknown option '--debgu' (did you mean '--debug'?); see temper --help\n");
    assertThat(run.out()).isEmpty();
  }
}
