package dev.temper.tools.cli;

import dev.temper.EngineOptions;
import dev.temper.LossEngine;
import dev.temper.diagnostics.KeptPlan;
import dev.temper.diagnostics.PlanTimes;
import dev.temper.kernel.tune.PlanFile;
import dev.temper.tools.bench.BenchPlan;
import dev.temper.tools.bench.LossBench;
import dev.temper.tools.bench.Measurement;
import dev.temper.tools.bench.Repetition;
import dev.temper.tools.bench.ResultFile;
import dev.temper.tools.bench.SweptPlans;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code temper tune}: finds the fastest row plans for this device. */
@Command(
    name = "tune",
    description = {
      "Finds the fastest way of spreading rows over this device, for the shapes and losses that you name.",
      "It times the launch plans that are possible, compares their results with those of the default plan, and keeps"
          + " the fastest plan in a file beside the compiled kernels. Engines read the file when they are opened, and"
          + " use a plan for all losses with that divergence, these dtypes and that number of classes, whatever their"
          + " rows and temperature. Losses with further options, such as label smoothing or a softcap, and teachers"
          + " other than logits have the default plans.",
      "Nothing else should use the device meanwhile. After Ctrl-C the plans of finished shapes are kept."
    })
final class TuneCommand implements Callable<Integer> {

  @Mixin private DeviceOption device;
  @Mixin private TuneOptions options;
  @Mixin private OutputOptions output;

  TuneCommand() {}

  @Override
  public Integer call() throws IOException {
    BenchPlan plan = options.plan();
    PlanFile file = PlanFile.ofUser();
    try (Interruption interruption = Interruption.watch();
        LossEngine engine = device.open(output, EngineOptions.defaults().withTunedPlans(false))) {
      if (engine.diagnostics().facts().isEmpty()) {
        throw new IllegalArgumentException(engine.describe() + " has no launch plans to choose from, expected --device"
            + " cuda or cuda:N: there is nothing to tune");
      }
      file.requireWritable();
      output.note(String.format(Locale.ROOT, "cases to tune: %d, time limit %.0f s in all beside making the batches",
          plan.size(), options.seconds(plan)));
      Keeper keeper = new Keeper(new ArrayList<>());
      ResultFile result = run(new LossBench(plan, Repetition.onDevice()), engine, keeper, interruption);
      TuneDocument document = TuneDocument.of(engine.describe(), file.path().toString(), keeper.tuned(), result,
          plan.size());
      print(document);
      if (interruption.requested()) {
        output.note("interrupted: nothing was kept for " + document.unfinished() + " of " + plan.size()
            + " cases");
      }
      return document.holds() ? 0 : Errors.FAILED;
    }
  }

  private void print(TuneDocument document) {
    if (output.json) {
      output.print(document);
    } else {
      new TuneTable(document).print(output.out());
    }
  }

  /** Runs the measurements. The progress line is removed when the method returns. */
  private static ResultFile run(LossBench bench, LossEngine engine, Keeper keeper, Interruption interruption)
      throws IOException {
    try (ProgressLine line = ProgressLine.onStderr()) {
      return bench.run(engine, keeper.with(line), interruption::requested);
    }
  }

  /** Stores the best plan of each shape, dtype and loss when all of its plans are measured. */
  private record Keeper(List<TuneDocument.TunedCase> tuned) {
    LossBench.Observer with(ProgressLine line) {
      return new LossBench.Observer() {
        @Override
        public void at(int done, int total, String next) {
          line.update(done, total, next);
        }

        @Override
        public void swept(LossEngine engine, SweptPlans plans) {
          tuned.add(TuneDocument.TunedCase.of(plans, keep(engine, plans)));
        }
      };
    }

    private static KeptPlan keep(LossEngine engine, SweptPlans plans) {
      Measurement best = plans.best();
      Measurement own = plans.own();
      return engine.diagnostics().keepPlan(plans.benchmarkCase().loss().loss(), plans.batch().inputs(),
          plans.batch().outputs(), new PlanTimes(best.parameter("plan"), best.time().median(), own.parameter("plan"),
          own.time().median()));
    }
  }
}
