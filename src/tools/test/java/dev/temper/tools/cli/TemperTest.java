package dev.temper.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class TemperTest {

  private static final List<String> VERBS = List.copyOf(new CommandLine(new Temper()).getSubcommands().keySet());

  @Test
  void helpGoesToStdout() {
    Captured run = Captured.run("--help");
    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("Usage: temper").contains("--debug");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void everyVerbHasHelp() {
    VERBS.stream().filter(verb -> !verb.equals("help")).forEach(verb -> {
      Captured run = Captured.run(verb, "--help");
      assertThat(run.status()).as(verb).isZero();
      assertThat(run.out()).contains("Usage: temper " + verb).contains("--json").contains("--debug");
      assertThat(Captured.run("help", verb)).isEqualTo(run);
    });
  }

  /** The list of verbs shows the first line of each description. */
  @Test
  void theListBeginsWithTrainAndHoldsWholeSentences() {
    assertThat(VERBS).first().isEqualTo("train");
    new CommandLine(new Temper()).getSubcommands().forEach((verb, line) -> {
      var usage = line.getCommandSpec().usageMessage();
      assertThat(usage.description()[0]).as(verb).matches("[A-Z].*\\.");
    });
  }

  @Test
  void everyOptionIsDescribedByASentence() {
    new CommandLine(new Temper()).getSubcommands()
        .forEach((verb, line) -> line.getCommandSpec().options().forEach(option ->
        assertThat(String.join(" ", option.description())).as(verb + " " + option.longestName())
            .matches("(?s)[A-Z].*\\.")));
  }

  @Test
  void noVerbIsAWrongCall() {
    Captured run = Captured.run();
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).startsWith("temper: no verb given; known: train, loss, ")
        .endsWith("help; see temper --help\n").containsOnlyOnce("--help");
  }

  @Test
  void helpOfAnUnknownVerbSuggestsTheNearest() {
    Captured run = Captured.run("help", "lss");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("temper help: unknown verb 'lss' (did you mean 'loss'?); known: "
        + String.join(", ", VERBS) + "\n");
    assertThat(Captured.run("help", "loss", "topk").err())
        .isEqualTo("temper help: unexpected argument 'topk'; see temper help --help\n");
    assertThat(Captured.run("help").out()).isEqualTo(Captured.run("--help").out());
  }

  @Test
  void anUnknownOptionSuggestsTheNearest() {
    Captured run = Captured.run("--debgu");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("temper: unknown option '--debgu' (did you mean '--debug'?); see temper --help\n");
    assertThat(run.out()).isEmpty();
  }
}
